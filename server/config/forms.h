// The grammars of the directives that take several words.
#pragma once

#include "server/config/directive.h"

namespace corral::config {

extern const Form kBindForm;
extern const Form kBufferLimitForm;
extern const Form kPercentilesForm;
extern const Form kOomValuesForm;
extern const Form kNotifyForm;
extern const Form kSaveForm;
extern const Form kReplicaOfForm;

}  // namespace corral::config
