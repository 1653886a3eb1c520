//! Type parameters of functions, classes and aliases. They are variables of an inline scope; inner
//! frames capture them. Bounds, defaults and the value of an alias are functions, called when they are
//! asked for.

use asy_grammar::ast::ExpressionKind::Tuple;
use asy_grammar::ast::{Arguments, Expression, Identifier, Parameters, Span, TypeParameter, TypeParameterKind};

use crate::bytecode::{Constant, Intrinsic, Op, Register};

use super::Compiler;
use super::scope::{lazy_key, node_key};

impl<'a> Compiler<'a> {
    /// Opens the scope of type parameters and makes them; gives a register with the tuple of all. None
    /// when there are none.
    pub fn open_type_parameters(&mut self, parameters: &'a [TypeParameter], span: Span) -> Option<Register> {
        let first = parameters.first()?;
        let scope = self.scopes.of_node(node_key(first))?;
        let tuple = self.unit.registers.take();
        self.open_inline_scope(scope, span);
        for parameter in parameters {
            self.type_parameter(parameter);
        }
        self.tuple_of(span, tuple, parameters.len(), |compiler, index, register| {
            let name = &parameters[index].name;
            let src = compiler.load_name(&name.name, name.span, Some(register));
            if src != register {
                compiler.emit(name.span, Op::Move { dst: register, src });
            }
        });
        self.store_name(&".type_params".into(), tuple, span);
        Some(tuple)
    }

    fn type_parameter(&mut self, parameter: &'a TypeParameter) {
        let span = parameter.span;
        let mark = self.unit.registers.mark();
        let start = self.unit.registers.take();
        self.load_constant(span, Constant::Str(parameter.name.name.clone()), start);
        let function = match parameter.kind {
            TypeParameterKind::TypeVar => {
                let (bound, is_constraints) = (self.unit.registers.take(), self.unit.registers.take());
                self.lazy_part(parameter.bound.as_ref(), &parameter.name, bound);
                let is_tuple = parameter.bound.as_ref().is_some_and(|bound| matches!(bound.kind, Tuple(_)));
                self.emit(span, Op::LoadBool { dst: is_constraints, value: is_tuple });
                Intrinsic::TypeVar
            }
            TypeParameterKind::TypeVarTuple => Intrinsic::TypeVarTuple,
            TypeParameterKind::ParamSpec => Intrinsic::ParamSpec,
        };
        let default = self.unit.registers.take();
        self.lazy_part(parameter.default.as_ref(), &parameter.name, default);
        self.emit(span, Op::Intrinsic { dst: start, start, function });
        let name = self.mangled(&parameter.name.name);
        self.store_name(&name, start, span);
        self.unit.registers.note_result(start);
        self.unit.registers.give_back(mark);
    }

    /// R[dst] = a function that works out a bound or default; None when there is none.
    fn lazy_part(&mut self, value: Option<&'a Expression>, name: &Identifier, dst: Register) {
        let Some(value) = value else { return self.emit(name.span, Op::LoadNone { dst }) };
        let code = self.expression_code(value.span, name.name.clone(), &Parameters::default(), value, lazy_key(value));
        self.make_function(value.span, code, dst);
    }

    /// Calls the class builder with `Generic[parameters]` behind the bases that are written.
    pub fn call_with_generic(
        &mut self,
        span: Span,
        callee: Register,
        parameters: Register,
        arguments: &'a Arguments,
        dst: Register,
    ) {
        let list = Register(callee.0.saturating_add(1));
        self.emit_result(span, list, Op::BuildList { dst: list, start: list, count: 2 });
        self.unit.registers.give_back(list.0 as u16 + 1);
        for argument in &arguments.positional {
            self.add_positional(argument, list);
        }
        let generic = self.unit.registers.take();
        let function = Intrinsic::SubscriptGeneric;
        self.emit_result(span, generic, Op::Intrinsic { dst: generic, start: parameters, function });
        self.emit(span, Op::ListAppend { list, value: generic });
        self.unit.registers.give_back(generic.0 as u16);
        self.spread_keywords(span, callee, arguments);
        self.emit_result(span, dst, Op::CallSpread { dst, callee });
    }

    /// `type name[parameters] = value`
    pub fn type_alias(
        &mut self,
        span: Span,
        name: &'a Identifier,
        parameters: &'a [TypeParameter],
        value: &'a Expression,
    ) {
        let mark = self.unit.registers.mark();
        let alias = self.unit.registers.take();
        let tuple = self.open_type_parameters(parameters, span);
        let start = self.unit.registers.take_row(3);
        let second = Register(start.0.saturating_add(1));
        let third = Register(start.0.saturating_add(2));
        self.load_constant(span, Constant::Str(name.name.clone()), start);
        match tuple {
            Some(src) => self.emit(span, Op::Move { dst: second, src }),
            None => self.load_constant(span, Constant::Tuple(Vec::new()), second),
        }
        let code = self.expression_code(span, name.name.clone(), &Parameters::default(), value, lazy_key(value));
        self.make_function(span, code, third);
        self.emit_result(span, alias, Op::Intrinsic { dst: alias, start, function: Intrinsic::TypeAlias });
        self.unit.registers.note_result(second);
        if tuple.is_some() {
            self.close_inline_scope(span);
        }
        let name = self.mangled(&name.name);
        self.store_name(&name, alias, span);
        self.unit.registers.give_back(mark);
    }
}
