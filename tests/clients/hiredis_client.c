/* hiredis against a server: replies of every kind, pipelines, binary keys, expiry, scan, and a reconnect.
 * hiredis_client HOST PORT check         runs once, exit status 0 if all is well
 * hiredis_client HOST PORT reconnect     keeps asking, and says "lost" and "back" when the server goes and
 * returns */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static redisContext* Connect(const char* host, int port) {
  struct timeval timeout = {5, 0};
  redisContext* context = redisConnectWithTimeout(host, port, timeout);
  if (context == NULL || context->err) {
    if (context) redisFree(context);
    return NULL;
  }
  redisSetTimeout(context, timeout);
  return context;
}

/* The reply to a command; ends the program if there is none, or if it is not of this type. */
static redisReply* Ask(redisContext* context, int type, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  redisReply* reply = redisvCommand(context, format, arguments);
  va_end(arguments);
  if (reply == NULL || reply->type != type) {
    fprintf(stderr, "%s: %s\n", format,
            reply == NULL                      ? context->errstr
            : reply->type == REDIS_REPLY_ERROR ? reply->str
                                               : "another type");
    exit(1);
  }
  return reply;
}

static void Expect(int condition, const char* what) {
  if (!condition) {
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
  }
}

static void CheckReplies(redisContext* context) {
  freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "CLIENT SETNAME hiredis"));
  freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "SELECT 2"));
  freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "FLUSHDB"));
  freeReplyObject(Ask(context, REDIS_REPLY_NIL, "GET missing"));
  freeReplyObject(Ask(context, REDIS_REPLY_ERROR, "GET"));
  freeReplyObject(
      Ask(context, REDIS_REPLY_STATUS, "SET %b %b", "k\0\r\n", (size_t)4, "v\0\xff\r\n", (size_t)5));
  redisReply* reply = Ask(context, REDIS_REPLY_STRING, "GET %b", "k\0\r\n", (size_t)4);
  Expect(reply->len == 5 && memcmp(reply->str, "v\0\xff\r\n", 5) == 0, "a binary value");
  freeReplyObject(reply);
  reply = Ask(context, REDIS_REPLY_INTEGER, "INCRBY n 41");
  Expect(reply->integer == 41, "INCRBY");
  freeReplyObject(reply);
  reply = Ask(context, REDIS_REPLY_ARRAY, "MGET n missing n");
  Expect(reply->elements == 3 && reply->element[1]->type == REDIS_REPLY_NIL, "MGET");
  freeReplyObject(reply);
  freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "SET short v PX 30"));
  usleep(60 * 1000);
  freeReplyObject(Ask(context, REDIS_REPLY_NIL, "GET short"));
}

static void CheckPipeline(redisContext* context) {
  enum { kCommands = 20000 };
  freeReplyObject(Ask(context, REDIS_REPLY_INTEGER, "DEL n"));
  for (int i = 0; i < kCommands; i++) redisAppendCommand(context, "INCR n");
  for (int i = 1; i <= kCommands; i++) {
    redisReply* reply = NULL;
    Expect(redisGetReply(context, (void**)&reply) == REDIS_OK && reply->integer == i, "a pipeline in order");
    freeReplyObject(reply);
  }
}

static void CheckScan(redisContext* context) {
  freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "FLUSHDB"));
  for (int i = 0; i < 1000; i++) freeReplyObject(Ask(context, REDIS_REPLY_STATUS, "SET key:%d v", i));
  static char seen[1000];
  char cursor[32] = "0";
  do {
    redisReply* reply = Ask(context, REDIS_REPLY_ARRAY, "SCAN %s MATCH key:* COUNT 50", cursor);
    snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
    for (size_t i = 0; i < reply->element[1]->elements; i++)
      seen[atoi(reply->element[1]->element[i]->str + 4)] = 1;
    freeReplyObject(reply);
  } while (strcmp(cursor, "0") != 0);
  for (int i = 0; i < 1000; i++) Expect(seen[i], "every key in the scan");
}

static int KeepAsking(const char* host, int port) {
  redisContext* context = Connect(host, port);
  int lost = 0;
  for (int i = 0; i < 2000; i++, usleep(10 * 1000)) {
    redisReply* reply = context ? redisCommand(context, "PING") : NULL;
    if (reply == NULL) {
      if (!lost) puts("lost");
      lost = 1;
      if (context) redisFree(context);
      context = Connect(host, port);
    } else {
      freeReplyObject(reply);
      if (lost) {
        puts("back");
        redisFree(context);
        return 0;
      }
      if (i == 0) puts("ready");
    }
    fflush(stdout);
  }
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  if (strcmp(argv[3], "reconnect") == 0) return KeepAsking(argv[1], atoi(argv[2]));
  redisContext* context = Connect(argv[1], atoi(argv[2]));
  Expect(context != NULL, "a connection");
  CheckReplies(context);
  CheckPipeline(context);
  CheckScan(context);
  redisFree(context);
  puts("hiredis: all is well");
  return 0;
}
