// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/template_guard.h"

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <jinja/parser.h>

#include "backend/llama/render_budget.h"
#include "backend/llama/sentence.h"
#include "backend/llama/template_shape.h"
#include "backend/llama/template_values.h"

namespace lares::backend::llama {
namespace {

using jinja::statement;
using jinja::statement_ptr;
using jinja::statements;
using jinja::value;

void Check() {
  if (RenderBudget* budget = RenderBudget::Current()) budget->Check();
}

// A value that was computed already, where the engine expects something to compute.
struct Held final : jinja::expression {
  value held;
  explicit Held(value v) : held(std::move(v)) {}
  std::string type() const override { return "Held"; }
  value execute_impl(jinja::context& /*context*/) const override { return held; }
};

statement_ptr Hold(value v) { return std::make_unique<Held>(std::move(v)); }

// The name of a filter or test: the engine wants to see it as a name.
statement_ptr CopyName(const statement_ptr& name) {
  const auto* identifier = dynamic_cast<const jinja::identifier*>(name.get());
  if (identifier == nullptr) throw std::runtime_error("a filter needs a name");
  return std::make_unique<jinja::identifier>(identifier->val);
}

struct Guard : jinja::expression {
  statement_ptr inner;
  explicit Guard(statement_ptr i) : inner(std::move(i)) { pos = inner->pos; }
  std::string type() const override { return inner->type(); }
};

// One part of a body, or an operation that makes something new.
struct GuardedStep final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    value made = inner->execute(context);
    SpendOn(made);
    return made;
  }
};

// What goes into a variable.
struct GuardedValue final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    value made = inner->execute(context);
    SpendOn(made);
    CheckWhole(made);
    return made;
  }
};

// {% set object.name = ... %} may close a circle.
struct GuardedSet final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    value nothing = inner->execute(context);
    const auto* set = dynamic_cast<const jinja::set_statement*>(inner.get());
    if (const auto* member = dynamic_cast<const jinja::member_expression*>(set->assignee.get())) {
      CheckChanged(member->object->execute(context));
    }
    return nothing;
  }
};

struct GuardedBinary final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    const auto& binary = static_cast<const jinja::binary_expression&>(*inner);
    value left = binary.left->execute(context);
    value right = binary.right->execute(context);
    if (binary.op.value == "*") {
      CheckRepeat(left, right);
    } else {
      CheckContains(left, right);
    }
    jinja::binary_expression held(binary.op, Hold(std::move(left)), Hold(std::move(right)));
    held.pos = pos;
    value made = held.execute(context);
    SpendOn(made);
    return made;
  }
};

struct GuardedCall final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    const auto& call = static_cast<const jinja::call_expression&>(*inner);
    std::vector<value> args;
    statements held;
    for (const statement_ptr& argument : call.args) {
      args.push_back(argument->execute(context));
      held.push_back(Hold(args.back()));
    }
    value callee = call.callee->execute(context);
    const auto* function = dynamic_cast<const jinja::value_func_t*>(callee.get());
    if (function != nullptr) CheckCall(function->name, function->arg0, args);
    jinja::call_expression run(Hold(callee), std::move(held));
    run.pos = pos;
    value made = run.execute(context);
    SpendOn(made);
    // list.append(...) changes what it is called on.
    if (function != nullptr && function->arg0) CheckChanged(function->arg0);
    return made;
  }
};

struct GuardedFilter final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    Check();
    const auto& use = static_cast<const jinja::filter_expression&>(*inner);
    value input = use.operand->execute(context);
    statement_ptr filter;
    if (const auto* call = dynamic_cast<const jinja::call_expression*>(use.filter.get())) {
      filter = HoldArguments(*call, input, context);
    } else {
      filter = CopyName(use.filter);
      CheckCall(static_cast<const jinja::identifier&>(*filter).val, input, {});
    }
    jinja::filter_expression run(Hold(input), std::move(filter));
    run.pos = pos;
    value made = run.execute(context);
    SpendOn(made);
    CheckWhole(input);
    return made;
  }

 private:
  static statement_ptr HoldArguments(const jinja::call_expression& call, const value& input,
                                     jinja::context& context) {
    statement_ptr name = CopyName(call.callee);
    std::vector<value> args;
    statements held;
    for (const statement_ptr& argument : call.args) {
      args.push_back(argument->execute(context));
      held.push_back(Hold(args.back()));
    }
    CheckCall(static_cast<const jinja::identifier&>(*name).val, input, args);
    return std::make_unique<jinja::call_expression>(std::move(name), std::move(held));
  }
};

// What {% call %} calls. The engine computes its arguments itself, so that nothing but a macro, which is
// guarded, may stand here.
struct OnlyMacro final : Guard {
  using Guard::Guard;
  value execute_impl(jinja::context& context) const override {
    value callee = inner->execute(context);
    const auto* function = dynamic_cast<const jinja::value_func_t*>(callee.get());
    if (function != nullptr && (function->arg0 || jinja::global_builtins().contains(function->name))) {
      throw RenderLimit{"calls something other than a macro with {% call %}"};
    }
    return callee;
  }
};

// Within every loop, also an empty one.
struct Tick final : statement {
  std::string type() const override { return "Tick"; }
  value execute_impl(jinja::context& /*context*/) const override {
    Check();
    return jinja::mk_val<jinja::value_undefined>();
  }
};

// Rewrites a parsed template in place. Nodes that their parent recognises by type stay where they are.
class Guarding {
 public:
  void Body(statements& body) {
    for (statement_ptr& part : body) part = Part(std::move(part));
  }

 private:
  // A statement or expression that stands in a body.
  statement_ptr Part(statement_ptr node) {
    if (dynamic_cast<jinja::string_literal*>(node.get()) != nullptr) return node;  // plain text
    if (auto* set = dynamic_cast<jinja::set_statement*>(node.get())) {
      if (set->val) set->val = std::make_unique<GuardedValue>(Value(std::move(set->val)));
      Body(set->body);
      return std::make_unique<GuardedSet>(std::move(node));
    }
    return std::make_unique<GuardedStep>(Value(std::move(node)));
  }

  void In(statement_ptr& node) {
    if (node) node = Value(std::move(node));
  }
  void All(statements& nodes) {
    for (statement_ptr& node : nodes) In(node);
  }

  statement_ptr Value(statement_ptr node) {
    if (Blocks(*node) || Simple(*node)) return node;
    if (auto* binary = dynamic_cast<jinja::binary_expression*>(node.get())) {
      In(binary->left);
      In(binary->right);
      const std::string& op = binary->op.value;
      if (op == "*" || op == "in" || op == "not in") return std::make_unique<GuardedBinary>(std::move(node));
      if (op == "+" || op == "~") return std::make_unique<GuardedStep>(std::move(node));
    } else if (auto* call = dynamic_cast<jinja::call_expression*>(node.get())) {
      In(call->callee);
      All(call->args);
      return std::make_unique<GuardedCall>(std::move(node));
    } else if (auto* filter = dynamic_cast<jinja::filter_expression*>(node.get())) {
      In(filter->operand);
      Arguments(filter->filter);
      return std::make_unique<GuardedFilter>(std::move(node));
    } else if (auto* block = dynamic_cast<jinja::filter_statement*>(node.get())) {
      return FilterBlock(*block);
    }
    return node;
  }

  // {% filter f %}body{% endfilter %} as (body)|f. An {% if %} turns a body into its text.
  statement_ptr FilterBlock(jinja::filter_statement& block) {
    Arguments(block.filter);
    Body(block.body);
    auto always = std::make_unique<jinja::integer_literal>(1);
    auto body = std::make_unique<jinja::if_statement>(std::move(always), std::move(block.body), statements{});
    body->pos = block.pos;
    auto filter = std::make_unique<jinja::filter_expression>(std::make_unique<GuardedStep>(std::move(body)),
                                                             std::move(block.filter));
    filter->pos = block.pos;
    return std::make_unique<GuardedFilter>(std::move(filter));
  }

  // Of a filter or test, whose name the engine looks for itself.
  void Arguments(statement_ptr& use) {
    if (auto* call = dynamic_cast<jinja::call_expression*>(use.get())) All(call->args);
  }

  bool Blocks(statement& node) {
    if (auto* branch = dynamic_cast<jinja::if_statement*>(&node)) {
      In(branch->test);
      Body(branch->body);
      Body(branch->alternate);
    } else if (auto* loop = dynamic_cast<jinja::for_statement*>(&node)) {
      if (auto* select = dynamic_cast<jinja::select_expression*>(loop->iterable.get())) {
        In(select->lhs);
        In(select->test);
      } else {
        In(loop->iterable);
      }
      Body(loop->body);
      loop->body.insert(loop->body.begin(), std::make_unique<Tick>());
      loop->body.front()->pos = loop->pos;
      Body(loop->default_block);
    } else if (auto* macro = dynamic_cast<jinja::macro_statement*>(&node)) {
      Defaults(macro->args);
      Body(macro->body);
    } else if (auto* caller = dynamic_cast<jinja::call_statement*>(&node)) {
      if (auto* call = dynamic_cast<jinja::call_expression*>(caller->call.get())) {
        call->callee = std::make_unique<OnlyMacro>(std::move(call->callee));
        All(call->args);
      }
      Defaults(caller->caller_args);
      Body(caller->body);
    } else {
      return false;
    }
    return true;
  }

  void Defaults(statements& parameters) {
    for (statement_ptr& parameter : parameters) {
      if (auto* named = dynamic_cast<jinja::keyword_argument_expression*>(parameter.get())) In(named->val);
    }
  }

  bool Simple(statement& node) {
    if (auto* list = dynamic_cast<jinja::array_literal*>(&node)) return All(list->val), true;
    if (auto* tuple = dynamic_cast<jinja::tuple_literal*>(&node)) return All(tuple->val), true;
    if (auto* unary = dynamic_cast<jinja::unary_expression*>(&node)) return In(unary->argument), true;
    if (auto* named = dynamic_cast<jinja::keyword_argument_expression*>(&node)) return In(named->val), true;
    if (auto* select = dynamic_cast<jinja::select_expression*>(&node)) {
      return In(select->lhs), In(select->test), true;
    }
    if (auto* choice = dynamic_cast<jinja::ternary_expression*>(&node)) {
      return In(choice->condition), In(choice->true_expr), In(choice->false_expr), true;
    }
    if (auto* test = dynamic_cast<jinja::test_expression*>(&node)) {
      return In(test->operand), Arguments(test->test), true;
    }
    if (auto* object = dynamic_cast<jinja::object_literal*>(&node)) {
      for (auto& [key, item] : object->val) In(key), In(item);
      return true;
    }
    if (auto* member = dynamic_cast<jinja::member_expression*>(&node)) return Member(*member), true;
    return false;
  }

  void Member(jinja::member_expression& member) {
    In(member.object);
    if (!member.computed) return;
    if (auto* slice = dynamic_cast<jinja::slice_expression*>(member.property.get())) {
      In(slice->start_expr);
      In(slice->stop_expr);
      In(slice->step_expr);
    } else {
      In(member.property);
    }
  }
};

}  // namespace

base::Result<GuardedTemplate> ParseGuarded(const std::string& source) {
  if (source.size() > kMaxTemplateBytes) {
    return base::Fail(base::Code::kInvalidArgument, Sentence("it has ", source.size(), " bytes; at most ",
                                                             kMaxTemplateBytes, " are allowed"));
  }
  try {
    jinja::lexer lexer;
    const jinja::lexer_result tokens = lexer.tokenize(source);
    if (const std::string why = WhyTooDeep(tokens.tokens); !why.empty()) {
      return base::Fail(base::Code::kInvalidArgument, Sentence("it has ", why));
    }
    GuardedTemplate parsed{.program = jinja::parse_from_tokens(tokens), .source = tokens.source};
    Guarding().Body(parsed.program.body);
    return parsed;
  } catch (const std::exception& e) {
    return base::Fail(base::Code::kInvalidArgument, e.what());
  }
}

}  // namespace lares::backend::llama
