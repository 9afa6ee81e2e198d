// Rows of CLUSTER and MODULE: parts that this daemon does not have, named so that clients get Redis's
// answers.
#pragma once

#include <span>
#include <string_view>

#include "server/command/context.h"
#include "server/command/spec.h"

namespace corral::commands {

// CLUSTER subcommand [arguments], READONLY, READWRITE
inline void RefuseCluster(command::Context& ctx) {
  ctx.reply.Error("ERR This instance has cluster support disabled");
}

// MODULE LOAD path [arg [arg ...]], LOADEX, UNLOAD
inline void RefuseModule(command::Context& ctx) {
  ctx.reply.Error(
      "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.");
}

// MODULE LIST
inline void ModuleList(command::Context& ctx) { ctx.reply.Array(0); }

// MODULE HELP
inline void ModuleHelp(command::Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "LIST",
      "    Answer the loaded modules: always none.",
  };
  ctx.ReplyHelp(kLines);
}

namespace absent {

inline constexpr uint32_t kRead = command::kStale;
inline constexpr uint32_t kAdmin = command::kAdmin | command::kStale;
inline constexpr uint32_t kChange = kAdmin | command::kNoAsyncLoading;
inline constexpr std::string_view kChanging[] = {"nondeterministic_output"};
inline constexpr std::string_view kAnyOrder[] = {"nondeterministic_output_order"};

constexpr command::CommandSpec Cluster(std::string_view name, int arity, uint32_t flags,
                                       std::string_view since, std::string_view complexity,
                                       std::string_view summary, std::string_view syntax,
                                       std::span<const std::string_view> tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .handler = RefuseCluster,
          .group = "cluster",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr command::CommandSpec Module(std::string_view name, int arity, uint32_t flags,
                                      command::Handler handler, std::string_view since,
                                      std::string_view complexity, std::string_view summary,
                                      std::string_view syntax, std::span<const std::string_view> tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .handler = handler,
          .group = "server",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr command::CommandSpec Deprecated(std::string_view since, std::string_view replaced_by,
                                          command::CommandSpec spec) {
  spec.deprecated_since = since;
  spec.replaced_by = replaced_by;
  return spec;
}

inline constexpr std::string_view kPerSlot = "O(N) where N is the total number of hash slot arguments";
inline constexpr std::string_view kPerRange =
    "O(N) where N is the total number of the slots between the start slot and end slot arguments.";
inline constexpr std::string_view kPerNode = "O(N) where N is the total number of Cluster nodes";

}  // namespace absent

inline constexpr command::CommandSpec kClusterSubcommands[] = {
    absent::Cluster("addslots", -3, absent::kChange, "3.0.0", absent::kPerSlot, "Gives slots to a node.",
                    "slot [slot ...]"),
    absent::Cluster("addslotsrange", -4, absent::kChange, "7.0.0", absent::kPerRange,
                    "Gives ranges of slots to a node.", "start-slot end-slot [start-slot end-slot ...]"),
    absent::Cluster("bumpepoch", 2, absent::kChange, "3.0.0", "O(1)", "Advances the configuration epoch.", "",
                    absent::kChanging),
    absent::Cluster("count-failure-reports", 3, absent::kAdmin, "3.0.0",
                    "O(N) where N is the number of failure reports",
                    "Counts the failure reports about a node.", "node-id", absent::kChanging),
    absent::Cluster("countkeysinslot", 3, absent::kRead, "3.0.0", "O(1)", "Counts the keys of a slot.",
                    "slot"),
    absent::Cluster("delslots", -3, absent::kChange, "3.0.0", absent::kPerSlot, "Takes slots from a node.",
                    "slot [slot ...]"),
    absent::Cluster("delslotsrange", -4, absent::kChange, "7.0.0", absent::kPerRange,
                    "Takes ranges of slots from a node.", "start-slot end-slot [start-slot end-slot ...]"),
    absent::Cluster("failover", -2, absent::kChange, "3.0.0", "O(1)", "Makes a replica the master.",
                    "options=[FORCE | TAKEOVER]"),
    absent::Cluster("flushslots", 2, absent::kChange, "3.0.0", "O(1)", "Takes all slots from a node.", ""),
    absent::Cluster("forget", 3, absent::kChange, "3.0.0", "O(1)", "Removes a node.", "node-id"),
    absent::Cluster("getkeysinslot", 4, absent::kRead, "3.0.0",
                    "O(log(N)) where N is the number of requested keys", "Answers keys of a slot.",
                    "slot count", absent::kChanging),
    absent::Cluster("help", 2, command::kLoading | command::kStale, "5.0.0", "O(1)",
                    "Describes the subcommands.", ""),
    absent::Cluster("info", 2, absent::kRead, "3.0.0", "O(1)", "Describes the state of the cluster.", "",
                    absent::kChanging),
    absent::Cluster("keyslot", 3, absent::kRead, "3.0.0", "O(N) where N is the number of bytes in the key",
                    "Answers the slot of a key.", "key"),
    absent::Cluster("links", 2, absent::kRead, "7.0.0", absent::kPerNode, "Answers the links to other nodes.",
                    "", absent::kChanging),
    absent::Cluster("meet", -4, absent::kChange, "3.0.0", "O(1)", "Joins two nodes.",
                    "ip port [cluster_bus_port]"),
    absent::Cluster("myid", 2, absent::kRead, "3.0.0", "O(1)", "Answers the ID of the node.", ""),
    absent::Cluster("nodes", 2, absent::kRead, "3.0.0", absent::kPerNode, "Describes the nodes.", "",
                    absent::kChanging),
    absent::Cluster("replicas", 3, absent::kAdmin, "5.0.0", "O(1)", "Answers the replicas of a master.",
                    "node-id", absent::kChanging),
    absent::Cluster("replicate", 3, absent::kChange, "3.0.0", "O(1)", "Makes the node a replica of a master.",
                    "node-id"),
    absent::Cluster(
        "reset", -2, absent::kAdmin | command::kNoScript, "3.0.0",
        "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
        "Makes the node forget the cluster.", "[HARD | SOFT]"),
    absent::Cluster("saveconfig", 2, absent::kChange, "3.0.0", "O(1)",
                    "Writes the cluster's configuration to disk.", ""),
    absent::Cluster("set-config-epoch", 3, absent::kChange, "3.0.0", "O(1)",
                    "Sets the configuration epoch of a node.", "config-epoch"),
    absent::Cluster("setslot", -4, absent::kChange, "3.0.0", "O(1)", "Binds a slot to a node.",
                    "slot subcommand=<IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>"),
    absent::Cluster("shards", 2, absent::kRead, "7.0.0", "O(N) where N is the total number of cluster nodes",
                    "Answers the slots and nodes of every shard.", "", absent::kChanging),
    absent::Deprecated("5.0.0", "`CLUSTER REPLICAS`",
                       absent::Cluster("slaves", 3, absent::kAdmin, "3.0.0", "O(1)",
                                       "Answers the replicas of a master.", "node-id", absent::kChanging)),
    absent::Deprecated("7.0.0", "`CLUSTER SHARDS`",
                       absent::Cluster("slots", 2, absent::kRead, "3.0.0", absent::kPerNode,
                                       "Answers which node has which slots.", "", absent::kChanging)),
};

inline constexpr command::CommandSpec kModuleSubcommands[] = {
    absent::Module("help", 2, command::kLoading | command::kStale, ModuleHelp, "5.0.0", "O(1)",
                   "Describes the subcommands.", ""),
    absent::Module("list", 2, command::kAdmin | command::kNoScript, ModuleList, "4.0.0",
                   "O(N) where N is the number of loaded modules.", "Answers the loaded modules.", "",
                   absent::kAnyOrder),
    absent::Module("load", -3, command::kAdmin | command::kNoScript | command::kNoAsyncLoading, RefuseModule,
                   "4.0.0", "O(1)", "Loads a module.", "path [arg [arg ...]]"),
    absent::Module("loadex", -3, command::kAdmin | command::kNoScript | command::kNoAsyncLoading,
                   RefuseModule, "7.0.0", "O(1)", "Loads a module with its configuration.",
                   "path configs=[CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]"),
    absent::Module("unload", 3, command::kAdmin | command::kNoScript | command::kNoAsyncLoading, RefuseModule,
                   "4.0.0", "O(1)", "Unloads a module.", "name"),
};

}  // namespace corral::commands
