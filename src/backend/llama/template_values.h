// SPDX-License-Identifier: Apache-2.0
//
// Bounds on the values that a template works with. All throw RenderLimit, and do nothing without a budget.
#pragma once

#include <string>
#include <vector>

#include <jinja/runtime.h>

namespace lares::backend::llama {

// A text or list that was just made: counts its size.
void SpendOn(const jinja::value& made);

// Everything below `value`: total size, number of parts, nesting. Finds circles.
void CheckWhole(const jinja::value& value);

// The same for a value that was just changed. A circle is cut open before it is told: it would keep itself
// alive for ever.
void CheckChanged(const jinja::value& value);

// Before `text * times`.
void CheckRepeat(const jinja::value& left, const jinja::value& right);

// Before `part in whole`.
void CheckContains(const jinja::value& part, const jinja::value& whole);

// Before a function or filter of this name runs on `input` (may be null) with `args`: those whose result can
// be much larger than what goes in.
void CheckCall(const std::string& name, const jinja::value& input, const std::vector<jinja::value>& args);

}  // namespace lares::backend::llama
