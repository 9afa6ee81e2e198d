// argv -> Config -> Server: the start of the process, and what it says when it cannot start.
#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/log/banner.h"
#include "server/log/log.h"
#include "server/process/crash_report.h"
#include "server/process/daemon.h"
#include "server/process/limits.h"
#include "server/process/stop_signals.h"
#include "server/process/supervisor.h"
#include "server/process/title.h"
#include "server/process/version.h"
#include "server/server.h"
#include "storage/base/out_of_memory.h"

namespace corral {
namespace {

std::string ExecutablePath(const char* as_started) {
  char path[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : as_started;
}

int Fail(const std::string& reason, bool log_is_elsewhere) {
  // Once: to the log, or, where that is not what the user looks at, to standard error.
  if (log_is_elsewhere) fmt::print(stderr, "{}\n", reason);
  log::Warning("{}", reason);
  return 1;
}

std::string ListenAddress(const config::Settings& settings) {
  if (settings.port == 0) return settings.unixsocket;
  std::string address = settings.bind.empty() ? "*" : settings.bind.front();
  if (address.starts_with('-')) address.erase(0, 1);
  return fmt::format("{}:{}", address, settings.port);
}

void SetTitle(process::ProcessTitle& title, const config::Config& config, const std::string& program) {
  const config::Settings& settings = config.settings();
  if (!settings.set_proc_title) return;
  process::TitleVariables variables{.title = program,
                                    .listen_addr = ListenAddress(settings),
                                    .server_mode = "",
                                    .port = settings.port,
                                    .tls_port = 0,
                                    .unixsocket = settings.unixsocket,
                                    .config_file = config.file()};
  std::string text;
  if (process::ExpandTitle(settings.proc_title_template, variables, &text)) title.Set(text);
}

void OpenLog(const config::Settings& settings) {
  log::SetLevel(settings.loglevel);
  log::SetSinks({.file = settings.logfile,
                 .syslog = settings.syslog_enabled,
                 .syslog_ident = settings.syslog_ident,
                 .syslog_facility = settings.syslog_facility});
}

void PrepareProcess(config::Config& config) {
  const config::Settings& settings = config.settings();
  if (settings.crash_log_enabled) process::InstallCrashReport(settings.logfile);
  if (settings.disable_thp) {
    // Without permission the pages stay as they are: slower at worst.
    [[maybe_unused]] bool disabled = process::DisableTransparentHugePages();
  }
  for (const std::string& warning : config.StartupWarnings()) log::Warning("{}", warning);
}

// Art is for people at a terminal, or who asked for it; a log in a file gets one line.
void LogBanner(const config::Settings& settings) {
  bool terminal = isatty(STDOUT_FILENO) != 0 && settings.logfile.empty() && !settings.syslog_enabled;
  if (settings.always_show_logo || (terminal && !settings.daemonize)) {
    log::WriteRaw(log::Level::kNotice, log::BannerText({.version = process::kVersion,
                                                        .compatible_version = process::kCompatibleVersion,
                                                        .port = settings.port,
                                                        .pid = getpid()}));
  } else {
    log::Notice("Running mode=standalone, port={}.", settings.port);
  }
  log::Warning("Server initialized");
}

int Serve(config::Config& config, process::ProcessTitle& title, const std::string& program) {
  const config::Settings& settings = config.settings();
  process::Supervisor supervisor(static_cast<process::Supervision>(settings.supervised));
  process::Daemon daemon;
  bool elsewhere = !settings.logfile.empty() || settings.syslog_enabled;
  bool forks = settings.daemonize && !supervisor.active();
  if (forks && !daemon.Fork())
    return Fail(fmt::format("Can't daemonize: {}", std::strerror(errno)), elsewhere);
  log::StartThread();
  process::HoldStops();
  storage::SetOutOfMemoryHandler(process::SayOutOfMemory);
  supervisor.Starting();
  PrepareProcess(config);
  log::Warning("Corral version={}, compatible with Redis {}, bits={}, pid={}, just started",
               process::kVersion, process::kCompatibleVersion, sizeof(void*) * 8, getpid());
  uint32_t clients = process::RaiseFileLimit(settings.maxclients, settings.threads);
  if (clients == 0) return Fail("Your current 'ulimit -n' does not allow any client. Exiting.", elsewhere);
  config.LowerMaxclients(clients);

  if (config::Result fits = Server::CheckDatabases(settings); !fits) return Fail(fits.error(), elsewhere);
  Server server(config, ExecutablePath(program.c_str()), supervisor.name());
  if (config::Result started = server.Start(); !started) return Fail(started.error(), elsewhere);
  SetTitle(title, config, program);
  config.OnChange("proc-title-template", [&](const config::Settings&) {
    SetTitle(title, config, program);
    return config::Result::Ok();
  });
  LogBanner(settings);
  bool wants_pid = forks || !settings.pidfile.empty();
  std::string pid_path = settings.pidfile.empty() ? process::kDefaultPidFile : settings.pidfile;
  process::PidFile pid_file(wants_pid ? pid_path : std::string());
  server.Run([&] {
    daemon.Ready();
    supervisor.Ready();
  });
  supervisor.Stopping();
  log::Warning("Corral is now ready to exit, bye bye...");
  return 0;
}

int Main(int argc, char** argv) {
  tzset();
  std::setlocale(LC_COLLATE, "");  // SORT ALPHA compares texts as the environment says
  std::string program = argc > 0 ? argv[0] : "corral-server";
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  config::CommandLine command_line = config::ParseCommandLine(arguments);
  if (command_line.action == config::CommandLine::Action::kPrintVersion) {
    fmt::print("{}", config::VersionText());
    return 0;
  }
  if (command_line.action == config::CommandLine::Action::kPrintHelp) {
    fmt::print("{}", config::HelpText());
    return 0;
  }
  if (command_line.action == config::CommandLine::Action::kRefuse) {
    fmt::print(stderr, "{}", command_line.refusal);
    return 1;
  }
  config::Config config;
  if (config::Result loaded = config.Load(command_line, std::cin); !loaded) {
    fmt::print(stderr, "{}", loaded.error());
    return 1;
  }
  OpenLog(config.settings());
  process::ProcessTitle title(argc, argv, &environ);
  const int status = Serve(config, title, program);
  log::Flush();
  return status;
}

}  // namespace
}  // namespace corral

int main(int argc, char** argv) { return corral::Main(argc, argv); }
