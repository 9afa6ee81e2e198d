// Threads, and work that goes to all of them.
#include "server/dispatch/workers.h"

#include <pthread.h>
#include <signal.h>

#include <fmt/format.h>

#include "server/telemetry/telemetry.h"

namespace corral::dispatch {

Workers::Workers(command::Services& services, size_t count) : gate_(count) {
  for (size_t i = 0; i < count; ++i) {
    telemetry::WorkerStats& stats = services.telemetry.AddWorker(services.commands.all().size());
    workers_.push_back(std::make_unique<Worker>(services, stats, gate_, i, ticks_, *this, pauses_));
  }
}

Workers::~Workers() = default;

void Workers::Run() {
  // Signals are worker 0's business: the others block them all, but those of a fault, which concern the
  // thread that committed it. Blocked, they would kill the process without its crash report.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&blocked, fault);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  for (size_t i = 1; i < workers_.size(); ++i) {
    threads_.emplace_back([worker = workers_[i].get()] {
      worker->Run();
      worker->CloseAll();
    });
    pthread_setname_np(threads_.back().native_handle(), fmt::format("worker-{}", i).c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  workers_[0]->Run();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  workers_[0]->CloseAll();
}

void Workers::Stop() {
  for (auto& worker : workers_) worker->loop().Stop();
}

// Runs `work` on every worker's thread: at once on the caller's own, posted to the others.
template <class Work>
void Workers::OnEach(Work work) {
  for (auto& worker : workers_) {
    if (worker.get() == Worker::Current()) {
      work(*worker);
    } else {
      worker->loop().Post([target = worker.get(), work] { work(*target); });
    }
  }
}

void Workers::Adopt(int descriptor, net::Transport transport) {
  Worker& worker = *workers_[next_];
  next_ = (next_ + 1) % workers_.size();
  if (&worker == Worker::Current()) {
    worker.Adopt(descriptor, transport);
  } else {
    worker.loop().Post([&worker, descriptor, transport] { worker.Adopt(descriptor, transport); });
  }
}

void Workers::Feed(const std::string& line) {
  for (auto& worker : workers_) {
    if (worker.get() == Worker::Current()) {
      worker->FeedMonitors(line);
      continue;
    }
    // The line, and what is written of it at least.
    const auto feed = [target = worker.get(), line] { target->FeedMonitors(line); };
    worker->PostMessages(feed, 2 * (sizeof(feed) + line.size()));
  }
}

void Workers::ResumePaused() {
  pauses_.Open();
  // Posted though the caller may be that worker: it is in the middle of a batch. Whose turn it is, is told.
  workers_[0]->loop().Post([this] { workers_[0]->ResumePaused(); });
}

void Workers::CheckLimits(int64_t unix_ms) {
  OnEach([unix_ms](Worker& worker) { worker.CheckLimits(unix_ms); });
}

void Workers::Alone(const std::function<void()>& work) {
  Gate::Exclusive alone(gate_, 0);
  work();
}

}  // namespace corral::dispatch
