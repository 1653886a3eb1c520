//! Calls. Arguments are evaluated straight into the window of the call.

use asy_grammar::ast::{Arguments, Expression, ExpressionKind, Keyword, Span};

use crate::bytecode::{Constant, Intrinsic, Op, Register};

use super::Compiler;
use super::display::is_starred;
use super::registers::Place;
use super::scope::{Binding, ScopeKind, Scopes};

/// How many arguments are passed in registers; more go in a list and a dict.
const MOST_IN_WINDOW: usize = 40;

/// From this register on a chain of method calls saves registers rather than instructions.
const CROWDED: u8 = 120;

/// How a window begins.
#[derive(Clone, Copy)]
enum Window {
    /// With what `LoadMethod` found.
    Method,
    /// With the callee and some arguments.
    Function { first: usize },
}

impl<'a> Compiler<'a> {
    pub fn call(&mut self, span: Span, function: &'a Expression, arguments: &'a Arguments, dst: Register) {
        if self.special_call(span, function, arguments, dst) {
            return;
        }
        let mark = self.unit.registers.mark();
        let callee = self.unit.registers.window(dst);
        let earlier = self.unit.registers.results();
        match &function.kind {
            ExpressionKind::Attribute { object, name } if fits_window(arguments, 0) => {
                let own = self.unit.registers.take();
                let mut register = if callee.0 < CROWDED {
                    self.operand(object, Some(own))
                } else {
                    self.operand(object, Some(callee))
                };
                if register == callee {
                    self.emit(function.span, Op::Move { dst: own, src: callee });
                    register = own;
                }
                // A chain over several lines is reported where the name of the method stands.
                let starts_later = self.line(name.span) != self.line(object.span);
                let from = |whole: Span| if starts_later { Span { start: name.span.start, ..whole } } else { whole };
                let attribute = self.mangled(&name.name);
                let attribute = self.unit.name(&attribute);
                self.emit_data(from(function.span), Op::LoadMethod { callee, object: register }, attribute);
                self.call_in_window(from(span), callee, Window::Method, arguments, dst);
            }
            _ => {
                self.expression_to(function, callee);
                self.call_after(span, callee, 0, arguments, dst);
            }
        }
        self.unit.registers.restore_results(callee.0 as u16, &earlier);
        self.unit.registers.note_result(dst);
        self.unit.registers.give_back(mark);
    }

    /// Calls R[callee] with `first` arguments that stand in the window already and those given.
    pub fn call_after(&mut self, span: Span, callee: Register, first: usize, arguments: &'a Arguments, dst: Register) {
        if fits_window(arguments, first) {
            return self.call_in_window(span, callee, Window::Function { first }, arguments, dst);
        }
        let list = if first == 0 { self.unit.registers.take() } else { Register(callee.0 + 1) };
        if first == 0 {
            match &arguments.positional[..] {
                [Expression { span, kind: ExpressionKind::Starred(iterable) }] => {
                    self.emit_result(*span, list, Op::BuildList { dst: list, start: list, count: 0 });
                    let mark = self.unit.registers.mark();
                    let register = self.operand(iterable, None);
                    self.emit(iterable.span, Op::ListExtend { list, iterable: register, callee });
                    self.unit.registers.give_back(mark);
                }
                positional => self.list_in_pieces(span, positional, list),
            }
        } else {
            self.emit_result(span, list, Op::BuildList { dst: list, start: list, count: first as u8 });
            self.unit.registers.give_back(list.0 as u16 + 1);
            for argument in &arguments.positional {
                self.add_positional(argument, list);
            }
        }
        self.spread_keywords(span, callee, arguments);
        self.emit_result(span, dst, Op::CallSpread { dst, callee });
    }

    /// The dict of keywords for `CallSpread` in the next register, or nothing.
    pub fn spread_keywords(&mut self, span: Span, callee: Register, arguments: &'a Arguments) {
        let dict = self.unit.registers.take();
        if arguments.keywords.is_empty() {
            self.emit(span, Op::Release { start: dict, count: 1 });
        } else {
            self.keyword_dict(span, callee, &arguments.keywords, dict);
        }
    }

    /// Appends an argument, spread or not, to a list.
    pub fn add_positional(&mut self, argument: &'a Expression, list: Register) {
        let mark = self.unit.registers.mark();
        match &argument.kind {
            ExpressionKind::Starred(iterable) => {
                let register = self.operand(iterable, None);
                self.emit(iterable.span, Op::ListExtend { list, iterable: register, callee: list });
            }
            _ => {
                let value = self.operand(argument, None);
                self.emit(argument.span, Op::ListAppend { list, value });
            }
        }
        self.unit.registers.give_back(mark);
    }

    fn keyword_dict(&mut self, span: Span, callee: Register, keywords: &'a [Keyword], dict: Register) {
        self.emit_result(span, dict, Op::BuildDict { dst: dict, start: dict, count: 0 });
        for keyword in keywords {
            let mark = self.unit.registers.mark();
            match &keyword.name {
                // After a spread a name may be there already, which only a merge tells.
                Some(name) if keywords.iter().all(|keyword| keyword.name.is_some()) => {
                    let key = self.unit.registers.take();
                    self.load_constant(name.span, Constant::Str(name.name.clone()), key);
                    let value = self.operand(&keyword.value, None);
                    self.emit(keyword.span, Op::DictInsert { dict, key, value });
                }
                Some(name) => {
                    let key = self.unit.registers.take_row(2);
                    self.load_constant(name.span, Constant::Str(name.name.clone()), key);
                    self.expression_to(&keyword.value, Register(key.0.saturating_add(1)));
                    self.emit(keyword.span, Op::BuildDict { dst: key, start: key, count: 1 });
                    self.emit(keyword.span, Op::DictMerge { dict, mapping: key, callee });
                }
                None => {
                    let mapping = self.operand(&keyword.value, None);
                    self.emit(keyword.value.span, Op::DictMerge { dict, mapping, callee });
                }
            }
            self.unit.registers.give_back(mark);
        }
    }

    /// Evaluates arguments into the rest of the window and calls.
    fn call_in_window(
        &mut self,
        span: Span,
        callee: Register,
        window: Window,
        arguments: &'a Arguments,
        dst: Register,
    ) {
        for argument in &arguments.positional {
            let register = self.unit.registers.take();
            self.expression_to(argument, register);
        }
        for keyword in &arguments.keywords {
            let register = self.unit.registers.take();
            self.expression_to(&keyword.value, register);
        }
        let given = arguments.positional.len() + arguments.keywords.len();
        let (count, is_method) = match window {
            Window::Method => (given as u8, true),
            Window::Function { first } => ((given + first) as u8, false),
        };
        if arguments.keywords.is_empty() {
            let op = if is_method { Op::CallMethod { dst, callee, count } } else { Op::Call { dst, callee, count } };
            return self.emit_result(span, dst, op);
        }
        let names = arguments.keywords.iter().filter_map(|keyword| keyword.name.as_ref());
        let names = names.map(|name| Constant::Str(name.name.clone())).collect();
        let names = self.unit.constant(Constant::Tuple(names));
        let op = if is_method {
            Op::CallMethodKeywords { dst, callee, count }
        } else {
            Op::CallKeywords { dst, callee, count }
        };
        self.emit_data(span, op, names);
        self.unit.registers.note_result(dst);
    }

    /// `super()` and `locals()`, which look at the frame they stand in.
    fn special_call(&mut self, span: Span, function: &'a Expression, arguments: &Arguments, dst: Register) -> bool {
        let ExpressionKind::Name(name) = &function.kind else { return false };
        if !arguments.positional.is_empty() || !arguments.keywords.is_empty() {
            return false;
        }
        match &**name {
            "super" if self.is_builtin_name(name) => self.super_call(span, function, dst),
            "locals" if self.is_builtin_name(name) => {
                self.emit_result(span, dst, Op::Intrinsic { dst, start: dst, function: Intrinsic::Locals });
                true
            }
            _ => false,
        }
    }

    /// Whether nothing in this source binds the name.
    fn is_builtin_name(&self, name: &str) -> bool {
        matches!(self.binding(name), Binding::Global | Binding::Namespace)
            && self.scopes.variable(Scopes::TOP, name).is_none_or(|symbol| !symbol.is_bound)
            && self.scopes.variable(self.scope(), name).is_none_or(|symbol| !symbol.is_bound)
    }

    /// `super()` in a method is `super(__class__, the first parameter)`.
    fn super_call(&mut self, span: Span, function: &'a Expression, dst: Register) -> bool {
        let class_name: std::rc::Rc<str> = "__class__".into();
        let Binding::Variable(owner) = self.binding(&class_name) else { return false };
        if self.scopes.get(owner).kind != ScopeKind::Class {
            return false;
        }
        let frame = self.unit.frame;
        let scope = self.scopes.get(frame);
        let Some(first) = scope.order.first().cloned() else { return false };
        if !scope.symbols.get(&first).is_some_and(|symbol| symbol.is_parameter)
            || scope.symbols.get(&class_name).is_some_and(|symbol| symbol.is_unstable)
        {
            return false;
        }
        // What may be unbound here is told by `super` itself.
        if let Some(Place::Register(register)) = self.unit.registers.places.get(&(frame, first.clone())).copied()
            && !self.unit.is_bound(register)
        {
            return false;
        }
        let mark = self.unit.registers.mark();
        let callee = self.unit.registers.window(dst);
        self.expression_to(function, callee);
        let (class, object) = (self.unit.registers.take(), self.unit.registers.take());
        let src = self.load_name(&class_name, span, Some(class));
        if src != class {
            self.emit(span, Op::Move { dst: class, src });
        }
        match self.unit.registers.places.get(&(frame, first)).copied() {
            Some(Place::Register(src)) => self.emit(span, Op::Move { dst: object, src }),
            Some(Place::Cell(cell)) => self.emit(span, Op::LoadCell { dst: object, cell }),
            Some(Place::Spill(index)) => self.emit(span, Op::LoadSpill { dst: object, index }),
            Some(Place::SpillCell(index)) => {
                self.emit(span, Op::LoadSpill { dst: object, index });
                self.emit(span, Op::LoadCell { dst: object, cell: object });
            }
            None => {}
        }
        self.emit_result(span, dst, Op::Intrinsic { dst, start: callee, function: Intrinsic::Super });
        self.unit.registers.give_back(mark);
        true
    }
}

/// Whether the arguments, with `first` more, are passed in registers.
fn fits_window(arguments: &Arguments, first: usize) -> bool {
    let count = first + arguments.positional.len() + arguments.keywords.len();
    count <= MOST_IN_WINDOW
        && !arguments.positional.iter().any(is_starred)
        && arguments.keywords.iter().all(|keyword| keyword.name.is_some())
}
