"""What is changed in the code to see whether the tests notice: mutmut's mutations, less and more.

mutmut leaves decorated functions alone, never drops a statement and never turns a condition round.
Where a loop moves a picture just those are the likely mistakes: a projection left out, a step too
few. `extend` teaches it these. It takes away what no test should hold (wording), and what every
call notices (`x = None`, `f(None)`): that would only make the share of the killed look better.
"""

import libcst as cst
from libcst import matchers as m
from mutmut.mutation import file_mutation, mutators

# Methods that can be left out of a chain with the shape of the tensor unchanged.
LINKS = {"abs", "ceil", "clamp", "clamp_", "clamp_max", "clamp_min", "exp", "floor", "log", "relu",
         "round", "sign", "sqrt", "square"}  # fmt: skip
NO_TENSOR = m.Name("torch") | m.Name("math") | m.Name("F")
KEPT = m.Arg(star="*") | m.Arg(star="**") | m.Arg(keyword=m.Name("device"))  # there is but the CPU
TOO_EASY = {mutators.operator_arg_removal, mutators.operator_assignment, mutators.operator_string}
mutmut_skips = file_mutation.MutationVisitor._skip_node_and_children
mutmut_arranges = file_mutation.function_trampoline_arrangement
mutmut_mutates = file_mutation.create_mutations


def drop_call(node):
    """A call that stands alone is left out."""
    if isinstance(node.value, cst.Call):
        yield node.with_changes(value=cst.Name("None"))


def turn_round(node):
    """`if a` becomes `if not (a)`."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    turned = cst.UnaryOperation(cst.Not(), test)
    yield node.with_changes(test=turned, whitespace_before_test=cst.SimpleWhitespace(" "))


def one_less(node):
    """`range(n)` becomes `range(n - 1)`."""
    if m.matches(node.func, m.Name("range")):
        last = node.args[-1]
        less = cst.BinaryOperation(last.value, cst.Subtract(), cst.Integer("1"))
        yield node.with_changes(args=[*node.args[:-1], last.with_changes(value=less)])


def skip_link(node):
    """`x.clamp(0, 1)` becomes `x`."""
    if m.matches(node.func, m.Attribute(value=~NO_TENSOR)) and node.func.attr.value in LINKS:
        yield node.func.value


def drop_argument(node):
    """`f(a, b, c=1)` becomes `f(a, c=1)` and `f(a, b)`. (Without `a` no call would work.)"""
    named = [i for i, argument in enumerate(node.args) if argument.keyword]
    last = len(node.args) - len(named) - 1
    for i in [last, *named] if last > 0 else named:
        if not m.matches(node.args[i], KEPT):
            yield node.with_changes(args=[*node.args[:i], *node.args[i + 1 :]])


def change_name(node):
    """`"linf"` becomes `"XXlinfXX"`, but a sentence stays as it is."""
    if isinstance(node, cst.SimpleString) and " " not in node.value:
        yield from list(mutators.operator_string(node))[:1]


MORE = [(cst.BaseString, change_name), (cst.Call, drop_argument), (cst.Call, one_less),
        (cst.Call, skip_link), (cst.CompIf, turn_round), (cst.Expr, drop_call),
        (cst.If, turn_round)]  # fmt: skip


def extend(by_hand):
    """Teach mutmut all this, and the mutants `by_hand`: dicts of module, function, was, now."""

    def mutates(filename, source, *more):
        module, mutations, *ignored = mutmut_mutates(filename, source, *more)
        nodes = dict(functions(module))
        for function in list(nodes.values())[:1]:
            # One mutant is none: if it does not survive, the tests fail by themselves.
            same = function.body.deep_clone()
            mutations.append(file_mutation.Mutation(function.body, same, function))
        for change in by_hand:
            if change["module"] == filename:
                mutations.append(rewritten(nodes[change["function"]], change["was"], change["now"]))
        return module, mutations, *ignored

    operators = file_mutation.mutation_operators
    operators[:] = [(kind, op) for kind, op in operators if op not in TOO_EASY] + MORE
    file_mutation.MutationVisitor._skip_node_and_children = skips
    file_mutation.function_trampoline_arrangement = arranges
    file_mutation.create_mutations = mutates


def skips(visitor, node):
    """What an error says is not mutated; a decorated function is."""
    if isinstance(node, cst.FunctionDef):
        node = node.with_changes(decorators=())
    return isinstance(node, cst.Raise) or mutmut_skips(visitor, node)


def arranges(function, mutants, class_name):
    """The copies of a decorated function are bare: what chooses between them is decorated."""
    decorators = function.decorators
    if not {code(d.decorator) for d in decorators} & {"staticmethod", "classmethod"}:
        function = function.with_changes(decorators=())
    before, (chooser, *copies), after, names = mutmut_arranges(function, mutants, class_name)
    chooser = chooser.with_changes(decorators=(*decorators, chooser.decorators[-1]))
    return before, [chooser, *copies], after, names


def code(node):
    return cst.Module([]).code_for_node(node)


def functions(module):
    """(name, node) of every function and method; a method's name has its class before it."""
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            yield node.name.value, node
        elif isinstance(node, cst.ClassDef):
            for method in node.body.body:
                if isinstance(method, cst.FunctionDef):
                    yield f"{node.name.value}.{method.name.value}", method


def rewritten(function, was, now):
    """The function with `now` in the place of `was`, in its body or in its parameters."""
    for part in ("body", "params"):
        old = getattr(function, part)
        if code(old).count(was) == 1:
            bare = code(function.with_changes(decorators=(), leading_lines=()))
            new = getattr(cst.parse_statement(bare.replace(was, now)), part)
            return file_mutation.Mutation(old, new, function)
    raise ValueError(f"{was!r} must stand exactly once in {function.name.value}.")
