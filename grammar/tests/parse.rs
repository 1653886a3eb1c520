//! What sources become: trees, and messages.
//!
//! Trees and messages are tables: a source and what CPython makes of it.

mod dump;

use asy_grammar::{CheckOptions, LineIndex, MAXIMUM_DEPTH, check, parse, parse_expression};
use dump::{Spans, dump_expression, dump_module};

/// All messages for a source, each as `line: message`.
fn messages_with(source: &str, options: CheckOptions) -> Vec<String> {
    let diagnostics = match parse(source) {
        Ok(module) => check(&module, options).errors,
        Err(diagnostics) => diagnostics,
    };
    let lines = LineIndex::new(source);
    let text = |diagnostic: &asy_grammar::Diagnostic| {
        format!("{}: {}", lines.line(diagnostic.span().start), diagnostic.message)
    };
    diagnostics.iter().map(text).collect()
}

fn messages(source: &str) -> Vec<String> {
    messages_with(source, CheckOptions::default())
}

#[track_caller]
fn expect_expression(source: &str, expected: &str) {
    match parse_expression(source) {
        Ok(expression) => assert_eq!(dump_expression(&expression), expected, "{source}"),
        Err(diagnostics) => panic!("{source}: {diagnostics:?}"),
    }
}

#[track_caller]
fn expect_module(source: &str, expected: &str) {
    match parse(source) {
        Ok(module) => assert_eq!(dump_module(&module, Spans::Hidden), expected, "{source}"),
        Err(diagnostics) => panic!("{source}: {diagnostics:?}"),
    }
}

#[test]
fn operators_bind_as_in_python() {
    for (source, expected) in [
        ("-a ** -b", "UnaryOp(USub, BinOp(Name(a), Pow, UnaryOp(USub, Name(b))))"),
        ("a + b * c - d", "BinOp(BinOp(Name(a), Add, BinOp(Name(b), Mult, Name(c))), Sub, Name(d))"),
        ("a ** b ** c", "BinOp(Name(a), Pow, BinOp(Name(b), Pow, Name(c)))"),
        ("await a ** 2", "BinOp(Await(Name(a)), Pow, Constant(2))"),
        ("a < b is not c not in d", "Compare(Name(a), [Lt, IsNot, NotIn], [Name(b), Name(c), Name(d)])"),
        ("(a < b) < c", "Compare(Compare(Name(a), [Lt], [Name(b)]), [Lt], [Name(c)])"),
        ("not a in b", "UnaryOp(Not, Compare(Name(a), [In], [Name(b)]))"),
        ("a or b or c and d", "BoolOp(Or, [Name(a), Name(b), BoolOp(And, [Name(c), Name(d)])])"),
        (
            "a | b ^ c & d << 1",
            "BinOp(Name(a), BitOr, BinOp(Name(b), BitXor, BinOp(Name(c), BitAnd, BinOp(Name(d), LShift, Constant(1)))))",
        ),
        ("a if b else c if d else e", "IfExp(Name(b), Name(a), IfExp(Name(d), Name(c), Name(e)))"),
    ] {
        expect_expression(source, expected);
    }
}

#[test]
fn literals_have_their_values() {
    for (source, expected) in [
        ("1_000", "Constant(1000)"),
        ("0xFF_FF", "Constant(65535)"),
        ("0o17", "Constant(15)"),
        ("0b1010", "Constant(10)"),
        ("00", "Constant(0)"),
        ("9223372036854775807", "Constant(9223372036854775807)"),
        ("9223372036854775808", "Constant(9223372036854775808)"),
        ("0xFFFFFFFFFFFFFFFFFFFFFFFF", "Constant(79228162514264337593543950335)"),
        ("1e3", "Constant(f408f400000000000)"),
        (".5", "Constant(f3fe0000000000000)"),
        ("1j", "Constant(j3ff0000000000000)"),
        (r#""a\tb\x41\u00e9\N{BULLET}\q""#, r#"Constant("a\9;bA\e9;\2022;\5c;q")"#),
        (r#"r"a\n""#, r#"Constant("a\5c;n")"#),
        (r#"b"\xff\101""#, r#"Constant(b"\ff;A")"#),
        (r#"'a' "b" '''c'''"#, r#"Constant("abc")"#),
        (r#"Rb'\x' B"y""#, r#"Constant(b"\5c;xy")"#),
        ("'''a\r\nb'''", r#"Constant("a\a;b")"#),
        ("ﬁ", "Name(fi)"),
    ] {
        expect_expression(source, expected);
    }
}

#[test]
fn format_strings_have_parts() {
    for (source, expected) in [
        ("f'{a}'", "JoinedStr[FormattedValue(Name(a), -, -)]"),
        (
            "f'{{{a!r:>{w}}}}'",
            r#"JoinedStr["{", FormattedValue(Name(a), r, JoinedStr[">", FormattedValue(Name(w), -, -)]), "}"]"#,
        ),
        ("f'{a = }'", r#"JoinedStr["a = ", FormattedValue(Name(a), r, -)]"#),
        ("f'{a=:x}'", r#"JoinedStr["a=", FormattedValue(Name(a), -, JoinedStr["x"])]"#),
        ("f'{d['k']}'", r#"JoinedStr[FormattedValue(Subscript(Name(d), Constant("k")), -, -)]"#),
        ("f'{x:=5}'", r#"JoinedStr[FormattedValue(Name(x), -, JoinedStr["=5"])]"#),
        ("f'{x != y}'", "JoinedStr[FormattedValue(Compare(Name(x), [NotEq], [Name(y)]), -, -)]"),
        ("'a' f'{b}' 'c' 'd'", r#"JoinedStr["a", FormattedValue(Name(b), -, -), "cd"]"#),
        ("f'''{\na\n}'''", "JoinedStr[FormattedValue(Name(a), -, -)]"),
        (r"f'\N{BULLET}\{a}'", r#"JoinedStr["\2022;\5c;", FormattedValue(Name(a), -, -)]"#),
        ("f''", "JoinedStr[]"),
    ] {
        expect_expression(source, expected);
    }
}

#[test]
fn statements_keep_their_shape() {
    for (source, expected) in [
        ("x = y = 1", "[Assign([Name(x), Name(y)], Constant(1))]"),
        ("(x): int", "[AnnAssign(Name(x), Name(int), -, 0)]"),
        ("del (a, b)", "[Delete([Tuple([Name(a), Name(b)])])]"),
        ("del a, b", "[Delete([Name(a), Name(b)])]"),
        ("from ....a.b import c as d, e", "[ImportFrom(a.b, [alias(c, d), alias(e, -)], 4)]"),
        ("a[*b]", "[Expr(Subscript(Name(a), Tuple([Starred(Name(b))])))]"),
        ("a[1:, ::2]", "[Expr(Subscript(Name(a), Tuple([Slice(Constant(1), -, -), Slice(-, -, Constant(2))])))]"),
        ("with (a as b, c): pass", "[With([withitem(Name(a), Name(b)), withitem(Name(c), -)], [Pass()])]"),
        ("with (a, b) as c: pass", "[With([withitem(Tuple([Name(a), Name(b)]), Name(c))], [Pass()])]"),
        ("if a: pass\nelif b: pass", "[If(Name(a), [Pass()], [If(Name(b), [Pass()], [])])]"),
        (
            "def f(a, /, b=1, *c, d, e=2, **g) -> h: pass",
            "[FunctionDef(f, arguments([arg(a, -)], [arg(b, -)], arg(c, -), [arg(d, -), arg(e, -)], [-, Constant(2)], \
             arg(g, -), [Constant(1)]), [Pass()], [], Name(h), [])]",
        ),
        (
            "type A[T: int = b, *U = d, **P = e] = c",
            "[TypeAlias(A, [TypeVar(T, Name(int), Name(b)), TypeVarTuple(U, Name(d)), ParamSpec(P, Name(e))], Name(c))]",
        ),
        (
            "match = case = type = 1\nmatch[1]\ntype(x)\nmatch, case\n",
            "[Assign([Name(match), Name(case), Name(type)], Constant(1)), Expr(Subscript(Name(match), Constant(1))), \
             Expr(Call(Name(type), [Name(x)], [])), Expr(Tuple([Name(match), Name(case)]))]",
        ),
        (
            "match a, *b:\n  case [1, *_] | {'k': v, **r} | C(x=-1+2j) as y if z: pass\n  case _: pass",
            "[Match(Tuple([Name(a), Starred(Name(b))]), [match_case(MatchAs(MatchOr([MatchSequence([MatchValue(\
             Constant(1)), MatchStar(-)]), MatchMapping([Constant(\"k\")], [MatchAs(-, v)], r), MatchClass(Name(C), \
             [], [x], [MatchValue(BinOp(UnaryOp(USub, Constant(1)), Add, Constant(j4000000000000000)))])]), y), \
             Name(z), [Pass()]), match_case(MatchAs(-, -), -, [Pass()])])]",
        ),
    ] {
        expect_module(source, expected);
    }
}

#[test]
fn spans_cover_what_was_written() {
    let module = parse("x = (a, b) + f(c for c in d)\r\ny,= z").map(|module| dump_module(&module, Spans::Shown));
    let expected = "[Assign([Name(x)@0:1], BinOp(Tuple([Name(a)@5:6, Name(b)@8:9])@4:10, Add, Call(Name(f)@13:14, \
        [GeneratorExp(Name(c)@15:16, [comprehension(Name(c)@21:22, Name(d)@26:27, [], 0)])@14:28], [])@13:28)@4:28)\
        @0:28, Assign([Tuple([Name(y)@30:31])@30:32], Name(z)@34:35)@30:35]";
    assert_eq!(module.as_deref(), Ok(expected));
}

#[test]
fn mistakes_have_messages() {
    for (source, expected) in [
        ("x = = 3", "1: invalid syntax"),
        ("if x\n    pass", "1: expected ':'"),
        ("if x = 3: pass", "1: invalid syntax. Maybe you meant '==' or ':=' instead of '='?"),
        ("if x:\npass", "2: expected an indented block after 'if' statement on line 1"),
        ("try:\n    pass\nx = 1", "3: expected 'except' or 'finally' block"),
        ("print x", "1: Missing parentheses in call to 'print'. Did you mean print(...)?"),
        ("f(a b)", "1: invalid syntax. Perhaps you forgot a comma?"),
        ("f(a, b=1, c)", "1: positional argument follows keyword argument"),
        ("f(x for x in y, 1)", "1: Generator expression must be parenthesized"),
        ("f(a.b=2)", "1: expression cannot contain assignment, perhaps you meant \"==\"?"),
        ("f() = 2", "1: cannot assign to function call here. Maybe you meant '==' instead of '='?"),
        ("None = 1", "1: cannot assign to None"),
        ("f() += 1", "1: 'function call' is an illegal expression for augmented assignment"),
        ("(a, b): int", "1: only single target (not tuple) can be annotated"),
        ("del f()", "1: cannot delete function call"),
        ("def f(a=1, b): pass", "1: parameter without a default follows parameter with a default"),
        ("def f(*): pass", "1: named arguments must follow bare *"),
        ("x = 'abc", "1: unterminated string literal (detected at line 1)"),
        ("'''abc\n\n", "1: unterminated triple-quoted string literal (detected at line 2)"),
        ("f'{a'", "1: f-string: expecting '}'"),
        ("f'{}'", "1: f-string: valid expression required before '}'"),
        ("f'{a}}'", "1: f-string: single '}' is not allowed"),
        ("x = (1,\ny = 2", "1: '(' was never closed"),
        ("x = 1)", "1: unmatched ')'"),
        ("x = (1,\n2]", "2: closing parenthesis ']' does not match opening parenthesis '(' on line 1"),
        ("0777", "1: leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"),
        ("1__0", "1: invalid decimal literal"),
        ("0b12", "1: invalid digit '2' in binary literal"),
        ("x = €", "1: invalid character '€' (U+20AC)"),
        ("  x", "1: unexpected indent"),
        ("if x:\n    y\n  z", "3: unindent does not match any outer indentation level"),
        ("if x:\n\ty\n        z", "3: inconsistent use of tabs and spaces in indentation"),
        ("x = \0", "1: source code cannot contain null bytes"),
        ("'a' b'c'", "1: cannot mix bytes and nonbytes literals"),
        ("return", "1: 'return' outside function"),
        ("await x", "1: 'await' outside function"),
        ("def f(): await x", "1: 'await' outside async function"),
        ("break", "1: 'break' outside loop"),
        ("def f(a, a): pass", "1: duplicate argument 'a' in function definition"),
        ("def f(a):\n    global a", "2: name 'a' is parameter and global"),
        ("def f():\n    x = 1\n    global x", "3: name 'x' is assigned to before global declaration"),
        ("*a, *b = c", "1: multiple starred expressions in assignment"),
        ("f(a=1, a=2)", "1: keyword argument repeated: a"),
        (
            "x = 1\nfrom __future__ import annotations",
            "2: from __future__ imports must occur at the beginning of the file",
        ),
        ("match x:\n  case y: pass\n  case 1: pass", "2: name capture 'y' makes remaining patterns unreachable"),
        ("match x:\n  case [a] | [b]: pass", "2: alternative patterns bind different names"),
        ("try: pass\nexcept: pass\nexcept A: pass", "2: default 'except:' must be last"),
        ("[i := 0 for i in z]", "1: assignment expression cannot rebind comprehension iteration variable 'i'"),
        ("def f(): [x async for x in y]", "1: asynchronous comprehension outside of an asynchronous function"),
    ] {
        assert_eq!(messages(source), [expected], "{source}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_reported() {
    let source = "x = = 1\nif a:\n    b c\n    y = 1 +\nelse\n    pass\ndef f(:):\n    return\n  z\n1 = 2\nu = €\n";
    let expected = [
        "1: invalid syntax",
        "3: invalid syntax",
        "4: invalid syntax",
        "5: expected ':'",
        "7: invalid syntax",
        "9: unindent does not match any outer indentation level",
        "10: cannot assign to literal here. Maybe you meant '==' instead of '='?",
        "11: invalid character '€' (U+20AC)",
    ];
    assert_eq!(messages(source), expected);
}

#[test]
fn a_script_may_await_at_the_top() {
    let source = "await x\nasync for a in b: pass\nasync with c: pass\n[d async for d in e]\n";
    assert!(messages_with(source, CheckOptions { top_level_await: true }).is_empty());
    assert_eq!(messages(source).len(), 4);
}

#[test]
fn valid_oddities_pass() {
    for source in [
        "",
        "\u{FEFF}x = 1",
        "\n\n# only a comment",
        "x = 1 \\\n + 2\n",
        "if x:\r  y\r",
        "if 1:\n\x0c  x\n",
        "class C:\n    def f(self):\n        nonlocal __class__\n",
        "lambda *a, b=1, **c: (yield)",
        "x = [*a, *b]; y = {**c, 'd': 1}; z = {*a}",
        "for x in *a, *b: pass",
        "def f(*args: *Ts): return *a, b",
        "@a.b[c](d)\nasync def f[T](): return [await x async for x in y]",
        "try: pass\nexcept* (A, B) as e: pass\nelse: pass\nfinally: pass",
        "with (yield): pass",
        "print(1if x else 2)",
        "match (x):\n  case (1): pass\n",
        "match -x:\n  case 1: pass\n",
        "if (n := 1) and f(m := 2): pass",
    ] {
        let expected: &[&str] = if source.starts_with("with (yield)") { &["1: 'yield' outside function"] } else { &[] };
        assert_eq!(messages(source), expected, "{source:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let enough = vec!["1"; MAXIMUM_DEPTH as usize - 100].join("+");
    assert!(messages(&enough).is_empty());
    let flat = [vec!["a"; 50_000].join(" and "), vec!["a"; 50_000].join(" < "), "'a' ".repeat(50_000)];
    assert!(flat.iter().all(|source| messages(source).is_empty()));
    for source in [
        vec!["1"; 200_000].join("+"),
        format!("a{}", ".b".repeat(200_000)),
        format!("a{}", "()".repeat(200_000)),
        format!("{}a", "- ".repeat(100_000)),
        format!("{}a", "not ".repeat(100_000)),
        format!("{}a", "lambda: ".repeat(100_000)),
        format!("{}a", "a if b else ".repeat(100_000)),
        format!("if a: pass\n{}", "elif a: pass\n".repeat(30_000)),
    ] {
        let messages = messages(&source);
        assert!(messages.len() == 1 && messages[0].contains("too complex"), "{messages:?}");
    }
    for (source, expected) in [
        ("(".repeat(10_000), "1: too many nested parentheses"),
        ("f'{".repeat(10_000), "1: too many nested f-strings"),
        (
            (0..150).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect(),
            "101: too many levels of indentation",
        ),
    ] {
        assert_eq!(messages(&source), [expected]);
    }
}

#[test]
fn lines_and_columns_count_characters() {
    let source = "é = 1\r\nx\ry\n";
    let lines = LineIndex::new(source);
    assert_eq!(lines.count(), 4);
    assert_eq!(lines.line_column(source, 3), (1, 3));
    assert_eq!(lines.line_column(source, 8), (2, 1));
    assert_eq!(lines.line_column(source, 10), (3, 1));
    assert_eq!(lines.line_start(3), Some(10));
}
