//! What small programs compile to.

use std::rc::Rc;

use asy_grammar::parse;

use crate::bytecode::code::Source;
use crate::bytecode::disassemble::disassemble;
use crate::bytecode::{Code, CodeKind, Constant, Op};

use super::{CompileMode, CompileOptions, check_code, compile_module};

fn compile_with(text: &str, options: CompileOptions) -> Rc<Code> {
    let module = parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let source = Rc::new(Source { name: "<test>".into(), text: text.into() });
    compile_module(&module, &source, options).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn compile(text: &str) -> Rc<Code> {
    compile_with(text, CompileOptions::default())
}

fn check_all(code: &Code) {
    check_code(code).unwrap_or_else(|problem| panic!("{problem}\n{}", disassemble(code)));
    for constant in &code.constants {
        if let Constant::Code(inner) = constant {
            check_all(inner);
        }
    }
}

/// The code of the function, class or generator expression with this name, wherever it is.
fn find(code: &Rc<Code>, name: &str) -> Option<Rc<Code>> {
    if &*code.name == name {
        return Some(code.clone());
    }
    code.constants.iter().find_map(|constant| match constant {
        Constant::Code(inner) => find(inner, name),
        _ => None,
    })
}

fn function(text: &str, name: &str) -> Rc<Code> {
    let code = compile(text);
    check_all(&code);
    find(&code, name).unwrap_or_else(|| panic!("no {name} in\n{}", disassemble(&code)))
}

/// The instructions, without the words that belong to them.
fn instructions(code: &Code) -> Vec<String> {
    let ops = code.ops.iter().filter(|op| !matches!(op, Op::Data { .. } | Op::Offset { .. }));
    ops.map(|op| format!("{op:?}")).collect()
}

/// The instructions of a function named `f`.
fn f(text: &str) -> Vec<String> {
    instructions(&function(text, "f"))
}

fn problems(text: &str) -> Vec<String> {
    let module = parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let source = Rc::new(Source { name: "<test>".into(), text: text.into() });
    match compile_module(&module, &source, CompileOptions::default()) {
        Ok(code) => panic!("no problem found:\n{}", disassemble(&code)),
        Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
    }
}

#[test]
fn a_counting_loop_is_two_jumps_and_its_body() {
    let ops = f("def f(n):\n  i = s = 0\n  while i < n:\n    s += i\n    i += 1\n  return s\n");
    let expected = ["JumpLess r1 r0 false", "Add r2 r2 r1", "AddInt r1 r1 1", "JumpBack -5", "Return r2"];
    assert_eq!(ops[ops.len() - 5..], expected);
}

#[test]
fn fib_is_short() {
    let ops = f("def f(n):\n  return n if n < 2 else f(n - 1) + f(n - 2)\n");
    let expected = [
        "JumpLessInt r0 2 false",
        "Return r0",
        "LoadGlobal r1 0",
        "SubtractInt r2 r0 1",
        "Call r1 r1 1",
        "LoadGlobal r2 1",
        "SubtractInt r3 r0 2",
        "Call r2 r2 1",
        "Add r1 r1 r2",
        "Return r1",
    ];
    assert_eq!(ops, expected);
}

#[test]
fn results_go_straight_to_variables() {
    assert_eq!(f("def f(a, b):\n  x = a + b\n  y = -x\n"), ["Add r2 r0 r1", "Negate r3 r2", "ReturnNone"]);
    assert_eq!(f("def f(a, b):\n  a, b = b, a + b\n")[..3], ["Add r2 r0 r1", "Move r0 r1", "Move r1 r2"]);
}

#[test]
fn an_exception_leaves_the_variable_as_it_was() {
    // `x` must not become `a` before `b` is known.
    assert_eq!(f("def f(a, b, x):\n  x = a and b()\n")[0], "Move r3 r0");
}

#[test]
fn a_walrus_does_not_change_what_was_read_before() {
    assert_eq!(f("def f(a):\n  return a + (a := 5)\n")[..2], ["Move r1 r0", "LoadInt r0 5"]);
}

#[test]
fn variables_are_checked_only_where_they_may_be_unbound() {
    let count = |text: &str| f(text).iter().filter(|op| op.starts_with("CheckBound")).count();
    assert_eq!(count("def f(c):\n  if c: x = 1\n  else: x = 2\n  return x\n"), 0);
    assert_eq!(count("def f(c):\n  if c: x = 1\n  return x\n"), 1);
    assert_eq!(count("def f(c):\n  try: x = c()\n  except E: pass\n  return x\n"), 1);
    assert_eq!(count("def f(c):\n  try: x = c()\n  except E: return\n  return x\n"), 0);
    assert_eq!(count("def f(c):\n  for x in c: pass\n  return x, x\n"), 1);
    assert_eq!(count("def f(c):\n  while True:\n    x = c()\n    if x: break\n  return x\n"), 0);
    assert_eq!(count("def f(x):\n  x\n  del x\n  return x\n"), 3);
}

#[test]
fn a_method_call_evaluates_into_its_window() {
    let ops = f("def f(o, a):\n  return o.m(a, 1, k=2)\n");
    assert_eq!(
        ops,
        ["LoadMethod r2 r0", "Move r4 r1", "LoadInt r5 1", "LoadInt r6 2", "CallMethodKeywords r2 r2 3", "Return r2"]
    );
}

#[test]
fn a_call_that_is_awaited_at_once_says_so() {
    let ops = f("async def f(g, x):\n  return await g(x)\n");
    let awaited = ["Move r2 r0", "Move r3 r1", "CallAwaited r2 r2 1", "GetAwaitable r2 r2 Await", "YieldFrom r2 r2"];
    assert_eq!(ops[..5], awaited);
    let ops = f("async def f(g):\n  x = g()\n  await x\n");
    assert!(ops.iter().any(|op| op.starts_with("Call r")), "{ops:?}");
}

#[test]
fn results_of_calls_are_given_up() {
    assert_eq!(f("def f(g):\n  g()\n  g\n")[2..], ["Release r1 1", "ReturnNone"]);
    let ops = f("def f(g):\n  for x in g(): pass\n  g.x + 1\n");
    assert_eq!(ops.iter().filter(|op| op.starts_with("Release")).count(), 1, "{ops:?}");
}

#[test]
fn a_finally_is_outside_of_its_own_range() {
    let code = function("def f(g, h):\n  for x in g:\n    try:\n      return g()\n    finally:\n      h()\n", "f");
    let in_range = |pc: usize| code.handler(pc).is_some();
    let calls: Vec<usize> = (0..code.ops.len()).filter(|&pc| matches!(code.ops[pc], Op::Call { .. })).collect();
    assert_eq!(calls.iter().map(|&pc| in_range(pc)).collect::<Vec<_>>(), [true, false, false]);
    assert!(code.handled_register(calls[2]).is_some() && code.handled_register(calls[1]).is_none());
}

#[test]
fn handlers_know_what_they_handle() {
    let text = "def f(g, h):\n  try: g()\n  except E as e:\n    try: h(e)\n    except F: raise\n";
    let code = function(text, "f");
    let raise = code.ops.iter().position(|op| *op == Op::RaiseHandled).unwrap_or_default();
    let outer = code.ops.iter().position(|op| matches!(op, Op::Call { count: 1, .. })).unwrap_or_default();
    assert!(code.handled_register(raise).is_some());
    assert_ne!(code.handled_register(raise), code.handled_register(outer));
}

#[test]
fn kinds() {
    let kind = |text: &str, name: &str| function(text, name).kind;
    assert_eq!(kind("def f(): yield\n", "f"), CodeKind::Generator);
    assert_eq!(kind("async def f(): pass\n", "f"), CodeKind::Coroutine);
    assert_eq!(kind("async def f(): yield\n", "f"), CodeKind::AsyncGenerator);
    assert_eq!(kind("async def f(): return (await x for x in y)\n", "<genexpr>"), CodeKind::AsyncGenerator);
    assert_eq!(kind("def f(): return [x for x in y]\n", "f"), CodeKind::Function);
    assert_eq!(kind("class f: pass\n", "f"), CodeKind::Class);
}

#[test]
fn closures_take_cells() {
    let text = "def outer(a):\n  b = 1\n  def f():\n    nonlocal b\n    b += a\n  return f\n";
    let inner = function(text, "f");
    assert_eq!(inner.free_names.iter().map(|name| &**name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(inner.captures.len(), 2);
    assert_eq!(function(text, "outer").cell_registers.len(), 2);
}

#[test]
fn a_class_hides_its_names_from_its_methods() {
    let ops = f("class C:\n  x = 1\n  def f(self): return x\n");
    assert_eq!(ops[0], "LoadGlobal r1 0");
    let method = function("class C:\n  def f(self): return super().f(self.__x)\n", "f");
    assert!(method.names.iter().any(|name| &**name == "_C__x"));
    assert_eq!(method.free_names.iter().map(|name| &**name).collect::<Vec<_>>(), ["__class__"]);
}

#[test]
fn type_parameters_of_methods_are_variables() {
    let class = function("class C:\n  def m[T](self, a: T) -> T: return T\n", "C");
    assert!(!instructions(&class).iter().any(|op| op.starts_with("LoadNameOrCell")));
    assert_eq!(function("class C:\n  def m[T](self): return T\n", "m").free_names.len(), 1);
}

#[test]
fn comprehension_variables_stay_inside() {
    let code = compile("x = 1\ny = [x for x in z]\n");
    check_all(&code);
    assert_eq!(code.names.iter().filter(|name| &***name == "x").count(), 1);
}

#[test]
fn constants_are_folded_only_safely() {
    let first = |text: &str| f(text)[0].clone();
    assert_eq!(first("def f(): return 2 * 3 - 1\n"), "LoadInt r0 5");
    assert_eq!(first("def f(): return -7 // 2\n"), "LoadInt r0 -4");
    assert_eq!(first("def f(): return -7 % 3\n"), "LoadInt r0 2");
    assert_eq!(f("def f(): return 1 // 0\n")[..2], ["LoadInt r0 1", "FloorDivideInt r0 r0 0"]);
    assert_eq!(f("def f(): return 'a' * 100000\n").len(), 4);
    assert_eq!(f("def f(x): return x in [1, 2]\n")[0], "LoadConstant r1 0");
}

#[test]
fn each_expression_statement_is_shown_at_a_prompt() {
    let options = CompileOptions { mode: CompileMode::Interactive, ..CompileOptions::default() };
    let code = compile_with("x\nx + 1\n", options);
    let shown = instructions(&code).iter().filter(|op| op.contains("ShowResult")).count();
    assert_eq!((shown, code.kind), (2, CodeKind::Class));
    assert!(instructions(&code).iter().all(|op| !op.contains("Global")));
}

#[test]
fn more_variables_than_registers() {
    let mut text = String::from("def f():\n");
    for index in 0..400 {
        text.push_str(&format!("  v{index} = {index}\n"));
    }
    text.push_str("  return lambda: v0 + v399\n");
    let code = function(&text, "f");
    assert!(code.spill.is_some());
    assert_eq!(code.spill_names.len() + code.register_names.iter().flatten().count(), 400);
}

#[test]
fn annotations_as_text() {
    let text = "from __future__ import annotations\ndef f(a: x.y[int, 'z'] | None = 1, *b: 2 + 3 * (4 - 5)): pass\n";
    let code = compile(text);
    let texts: Vec<String> = code.constants.iter().map(|constant| format!("{constant:?}")).collect();
    assert!(texts.contains(&"Str(\"x.y[int, 'z'] | None\")".to_string()), "{texts:?}");
    assert!(texts.contains(&"Str(\"2 + 3 * (4 - 5)\")".to_string()), "{texts:?}");
}

#[test]
fn what_scopes_forbid() {
    assert_eq!(problems("def f():\n  nonlocal x\n"), ["no binding for nonlocal 'x' found"]);
    assert_eq!(problems("def f(x):\n  global x\n"), ["name 'x' is parameter and global"]);
    assert_eq!(problems("def f():\n  x = 1\n  global x\n"), ["name 'x' is assigned to before global declaration"]);
    assert_eq!(problems("await x\n"), ["'await' outside function"]);
}

#[test]
fn positions_underline_the_expression() {
    let code = compile("x = (a\n  + b.c)\n");
    let add = code.ops.iter().position(|op| matches!(op, Op::Add { .. })).unwrap_or_default();
    assert_eq!(code.position(add).line, 1);
    let attribute = code.ops.iter().position(|op| matches!(op, Op::LoadAttribute { .. })).unwrap_or_default();
    let position = code.position(attribute);
    assert_eq!(
        (position.line, &code.source.text[position.span.start as usize..position.span.end as usize]),
        (2, "b.c")
    );
}
