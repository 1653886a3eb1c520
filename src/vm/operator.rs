//! Operators: numbers at once, everything else through special methods.
//!
//! The order of attempts is CPython's: the reflected method of the right operand comes first when its
//! class is derived from the left one's and has its own; sequences leave `+` to the right operand
//! before they complain.

use smallvec::SmallVec;

use crate::bytecode::{Op, Operator, Register};
use crate::value::hash::{Order, compare_numbers};
use crate::value::{Class, Raised, Result, Str, Value, arithmetic, hash, ordering, symbols, types};

use super::Vm;
use super::frame::{FrameKind, is_counted};

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    fn method(self) -> &'static Str {
        let names = symbols();
        match self {
            Comparison::Equal => &names.eq,
            Comparison::NotEqual => &names.ne,
            Comparison::Less => &names.lt,
            Comparison::LessEqual => &names.le,
            Comparison::Greater => &names.gt,
            Comparison::GreaterEqual => &names.ge,
        }
    }

    fn reflected(self) -> Comparison {
        match self {
            Comparison::Equal | Comparison::NotEqual => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }

    /// Whether it holds for operands in this order.
    pub fn holds(self, order: Order) -> bool {
        match self {
            Comparison::Equal => order == Order::Equal,
            Comparison::NotEqual => order != Order::Equal,
            Comparison::Less => order == Order::Less,
            Comparison::LessEqual => matches!(order, Order::Less | Order::Equal),
            Comparison::Greater => order == Order::Greater,
            Comparison::GreaterEqual => matches!(order, Order::Greater | Order::Equal),
        }
    }
}

impl Operator {
    /// Names of the method, the reflected and the in-place one.
    fn methods(self) -> (&'static Str, &'static Str, &'static Str) {
        let names = symbols();
        match self {
            Operator::Add => (&names.add, &names.radd, &names.iadd),
            Operator::Subtract => (&names.sub, &names.rsub, &names.isub),
            Operator::Multiply => (&names.mul, &names.rmul, &names.imul),
            Operator::MatrixMultiply => (&names.matmul, &names.rmatmul, &names.imatmul),
            Operator::Divide => (&names.truediv, &names.rtruediv, &names.itruediv),
            Operator::FloorDivide => (&names.floordiv, &names.rfloordiv, &names.ifloordiv),
            Operator::Modulo => (&names.mod_, &names.rmod, &names.imod),
            Operator::Power => (&names.pow, &names.rpow, &names.ipow),
            Operator::ShiftLeft => (&names.lshift, &names.rlshift, &names.ilshift),
            Operator::ShiftRight => (&names.rshift, &names.rrshift, &names.irshift),
            Operator::BitAnd => (&names.and, &names.rand, &names.iand),
            Operator::BitOr => (&names.or, &names.ror, &names.ior),
            Operator::BitXor => (&names.xor, &names.rxor, &names.ixor),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::MatrixMultiply => "@",
            Operator::Divide => "/",
            Operator::FloorDivide => "//",
            Operator::Modulo => "%",
            Operator::Power => "** or pow()",
            Operator::ShiftLeft => "<<",
            Operator::ShiftRight => ">>",
            Operator::BitAnd => "&",
            Operator::BitOr => "|",
            Operator::BitXor => "^",
        }
    }
}

impl Vm {
    /// An operator instruction whose quick path does not apply. None: a frame was pushed that writes
    /// `dst`.
    ///
    /// # Safety
    /// `left` and `right` point to registers of the running frame (or to a constant that outlives the
    /// call).
    pub(super) unsafe fn binary_op(
        &mut self,
        operator: Operator,
        left: *const Value,
        right: *const Value,
        dst: Register,
    ) -> Result<Option<Value>> {
        // SAFETY: as the caller promises; references end before anything runs that could change them.
        unsafe {
            if let Some(result) = arithmetic::binary(operator, &*left, &*right) {
                return result.map(Some);
            }
            if let (Operator::Add, Value::Str(_), Value::Str(_)) = (operator, &*left, &*right) {
                let target = (*self.frame).base.add(dst.0 as usize);
                if std::ptr::eq(target, left) && !std::ptr::eq(left, right) {
                    let Value::Str(text) = std::mem::take(&mut *target) else { return Ok(None) };
                    let Value::Str(more) = &*right else { return Ok(None) };
                    return Ok(Some(Value::Str(text.append(more))));
                }
                let (Value::Str(left), Value::Str(right)) = (&*left, &*right) else { return Ok(None) };
                return Ok(Some(Value::Str(Str::concatenated([left, right].into_iter()))));
            }
            let (left, right) = ((*left).clone(), (*right).clone());
            let frame = &*self.frame;
            if (*frame.code).code.is_in_place(frame.instruction()) {
                return self.binary_in_place(operator, &left, &right).map(Some);
            }
            if let Value::Instance(instance) = &left {
                let class = instance.class_ref();
                let (method, _, _) = operator.methods();
                let right_first = match &right {
                    Value::Instance(other) => !other.class_ref().same(class) && other.class_ref().is_subclass(class),
                    _ => false,
                };
                if !right_first && let Some(Value::Function(function)) = class.lookup(method) {
                    if function.code.quick_arguments == 2 {
                        self.push_quick(function, &mut [left, right], dst, FrameKind::Binary)?;
                        return Ok(None);
                    }
                    let mut arguments = SmallVec::from_iter([left.clone(), right]);
                    return self.start_function(function, &mut arguments, &[], dst, FrameKind::Binary);
                }
            }
            self.binary(operator, &left, &right).map(Some)
        }
    }

    /// `left op right`
    pub fn binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value> {
        if let Some(result) = arithmetic::binary(operator, left, right) {
            return result;
        }
        match self.try_binary(operator, left, right)? {
            Value::NotImplemented => Err(unsupported(operator.text(), left, right)),
            value => Ok(value),
        }
    }

    fn try_binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value> {
        let (method, reflected, _) = operator.methods();
        let (left_class, right_class) = (left.class(), right.class());
        let same_class = left_class.same(&right_class);
        let right_first = !same_class
            && (right_class.is_subclass(&left_class) || !right_class.is_builtin() && concatenates(operator, left))
            && has_own(&right_class, &left_class, reflected);
        if right_first && let Some(result) = self.call_special(right, reflected, std::slice::from_ref(left)) {
            match result? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        if let Some(result) = self.call_special(left, method, std::slice::from_ref(right)) {
            match result? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        if !same_class
            && !right_first
            && let Some(result) = self.call_special(right, reflected, std::slice::from_ref(left))
        {
            return result;
        }
        Ok(Value::NotImplemented)
    }

    /// `left op= right`
    pub fn binary_in_place(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value> {
        let (_, reflected, in_place) = operator.methods();
        let (left_class, right_class) = (left.class(), right.class());
        if !right_class.is_builtin()
            && concatenates(operator, left)
            && !is_custom_method(&left_class, in_place)
            && has_own(&right_class, &left_class, reflected)
            && let Some(result) = self.call_special(right, reflected, std::slice::from_ref(left))
        {
            match result? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        if let Some(result) = self.call_special(left, in_place, std::slice::from_ref(right)) {
            match result? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        if let Some(result) = arithmetic::binary(operator, left, right) {
            return result;
        }
        match self.try_binary(operator, left, right)? {
            Value::NotImplemented => {
                let text = if operator == Operator::Power { "**".to_string() } else { operator.text().to_string() };
                Err(unsupported(&format!("{text}="), left, right))
            }
            value => Ok(value),
        }
    }

    /// A special method in a `Binary` frame has answered NotImplemented: the other ways. The operands
    /// are still in the registers of the frame that is on top again.
    pub(super) fn retry_binary(&mut self) -> Result<Value> {
        // SAFETY: the top frame is at a binary instruction, whose operands are its registers.
        let (op, left, right) = unsafe {
            let frame = &*self.frame;
            let op = (*frame.code).code.ops[frame.instruction()];
            let Some((left, right)) = operands(op) else {
                return Err(Raised::system_error("a binary operation was expected"));
            };
            let register = |register: Register| (*frame.base.add(register.0 as usize)).clone();
            let right = match right {
                Operand::Register(right) => register(right),
                Operand::Int(value) => Value::Int(value),
            };
            (op, register(left), right)
        };
        if let Some(comparison) = comparison_of(op) {
            return self.compare_after_left(comparison, &left, &right);
        }
        let Some(operator) = operator_of(op) else {
            return Err(Raised::system_error("a binary operation was expected"));
        };
        let (_, reflected, _) = operator.methods();
        if !left.class().same(&right.class())
            && let Some(result) = self.call_special(&right, reflected, std::slice::from_ref(&left))
        {
            match result? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        Err(unsupported(operator.text(), &left, &right))
    }

    /// A comparison instruction whose quick path does not apply. None: a frame was pushed.
    ///
    /// # Safety
    /// As `binary_op`.
    pub(super) unsafe fn compare_op(
        &mut self,
        comparison: Comparison,
        left: *const Value,
        right: *const Value,
        dst: Register,
    ) -> Result<Option<Value>> {
        // SAFETY: as the caller promises.
        unsafe {
            if let Some(holds) = quick_compare(comparison, &*left, &*right) {
                return Ok(Some(Value::Bool(holds)));
            }
            let (left, right) = ((*left).clone(), (*right).clone());
            if let Value::Instance(instance) = &left
                && let Some(Value::Function(function)) = instance.class_ref().lookup(comparison.method())
                && (left.class().same(&right.class()) || !right.class().is_subclass(instance.class_ref()))
            {
                let mut arguments = SmallVec::from_iter([left.clone(), right]);
                return self.start_function(function, &mut arguments, &[], dst, FrameKind::Binary);
            }
            self.compare(comparison, &left, &right).map(Some)
        }
    }

    /// The truth of a comparison.
    pub(super) fn compare_truth(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<bool> {
        if let Some(holds) = quick_compare(comparison, left, right) {
            return Ok(holds);
        }
        let (left, right) = (left.clone(), right.clone());
        let value = self.compare(comparison, &left, &right)?;
        self.truth(&value)
    }

    /// `left op right`, whatever it gives.
    pub fn compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<Value> {
        if let Some(holds) = quick_compare(comparison, left, right) {
            return Ok(Value::Bool(holds));
        }
        let (left_class, right_class) = (left.class(), right.class());
        let reflected = comparison.reflected();
        let right_first = !left_class.same(&right_class)
            && right_class.is_subclass(&left_class)
            && has_own(&right_class, &left_class, reflected.method());
        if right_first {
            match self.try_compare(reflected, right, left)? {
                Value::NotImplemented => {}
                value => return Ok(value),
            }
        }
        match self.try_compare(comparison, left, right)? {
            // The right operand is not asked twice.
            Value::NotImplemented if right_first => self.compare_by_identity(comparison, left, right),
            Value::NotImplemented => self.compare_after_left(comparison, left, right),
            value => Ok(value),
        }
    }

    /// The special method of one side; `!=` falls back to the inverse of `==`.
    fn try_compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<Value> {
        let class = left.class();
        let found = class.lookup(comparison.method());
        let is_default = match &found {
            Some(Value::Native(native)) => native.owner.as_ref().is_some_and(|owner| owner.same(&types().object)),
            None => true,
            _ => false,
        };
        if comparison == Comparison::NotEqual && is_default {
            return match self.try_compare(Comparison::Equal, left, right)? {
                Value::NotImplemented => Ok(Value::NotImplemented),
                equal => Ok(Value::Bool(!self.truth(&equal)?)),
            };
        }
        if is_default {
            return Ok(Value::NotImplemented);
        }
        let right = std::slice::from_ref(right);
        if let Some(found @ Value::Instance(_)) = found {
            // As in CPython, an operand whose method cannot even be looked up does not know.
            let Ok(method) = self.bind(found, left, &class) else { return Ok(Value::NotImplemented) };
            return self.call(&method, right);
        }
        self.call_special(left, comparison.method(), right).unwrap_or(Ok(Value::NotImplemented))
    }

    /// What remains when the left operand does not know.
    fn compare_after_left(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<Value> {
        match self.try_compare(comparison.reflected(), right, left)? {
            Value::NotImplemented => {}
            value => return Ok(value),
        }
        self.compare_by_identity(comparison, left, right)
    }

    /// What remains when neither operand knows.
    fn compare_by_identity(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<Value> {
        match comparison {
            Comparison::Equal => Ok(Value::Bool(left.is(right))),
            Comparison::NotEqual => Ok(Value::Bool(!left.is(right))),
            _ => Err(Raised::type_error(format!(
                "'{}' not supported between instances of '{}' and '{}'",
                comparison.text(),
                left.type_name(),
                right.type_name()
            ))),
        }
    }

    /// `left == right`, with identity as a shortcut, as containers compare their items.
    #[inline]
    pub fn equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        match hash::equal(left, right) {
            Some(equal) => Ok(equal),
            None if left.is(right) => Ok(true),
            None => {
                let value = self.compare(Comparison::Equal, left, right)?;
                self.truth(&value)
            }
        }
    }

    /// The truth of `left < right`.
    pub fn less(&mut self, left: &Value, right: &Value) -> Result<bool> {
        self.compare_truth(Comparison::Less, left, right)
    }

    pub fn negate(&mut self, value: &Value) -> Result<Value> {
        match arithmetic::negate(value) {
            Some(value) => Ok(value),
            None => self.unary(&symbols().neg, value),
        }
    }

    pub fn positive(&mut self, value: &Value) -> Result<Value> {
        match arithmetic::positive(value) {
            Some(value) => Ok(value),
            None => self.unary(&symbols().pos, value),
        }
    }

    pub fn invert(&mut self, value: &Value) -> Result<Value> {
        if let Value::Bool(truth) = *value {
            let message = "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This \
                           returns the bitwise inversion of the underlying int object and is usually not what you \
                           expect from the negation of a bool. Use the 'not' operator for boolean negation or \
                           ~int(x) for the bitwise inversion of the underlying int.";
            let warn = self.hooks.warn;
            warn(self, &types().deprecation_warning, message)?;
            return Ok(Value::Int(!(truth as i64)));
        }
        match arithmetic::invert(value) {
            Some(value) => Ok(value),
            None => self.unary(&symbols().invert, value),
        }
    }

    /// `-value`, `+value`, `~value` by the name of the special method.
    pub fn unary(&mut self, name: &Str, value: &Value) -> Result<Value> {
        let value = value.clone();
        match self.call_special(&value, name, &[]) {
            Some(result) => result,
            None => {
                let sign = match &**name {
                    "__neg__" => "-",
                    "__pos__" => "+",
                    _ => "~",
                };
                Err(Raised::type_error(format!("bad operand type for unary {sign}: '{}'", value.type_name())))
            }
        }
    }
}

/// Whether `+` or `*` comes from the left operand being a sequence, not a number: then the methods of the right one
/// are asked first.
fn concatenates(operator: Operator, left: &Value) -> bool {
    let is_sequence = match left.native() {
        Value::Str(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_) => true,
        other => other.class().is_subclass(&types().bytearray),
    };
    let (method, _, _) = operator.methods();
    is_sequence
        && matches!(operator, Operator::Add | Operator::Multiply)
        && (left.class().is_builtin() || !is_custom_method(&left.class(), method))
}

/// Whether the class has the method from the script.
fn is_custom_method(class: &Class, name: &Str) -> bool {
    matches!(class.lookup(name), Some(Value::Function(_)))
}

/// Whether `class` finds another method than `base` does.
fn has_own(class: &Class, base: &Class, name: &Str) -> bool {
    match (class.lookup(name), base.lookup(name)) {
        (Some(own), Some(inherited)) => !own.is(&inherited),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// A comparison that needs no special method.
#[inline]
fn quick_compare(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    if let (Value::Str(left), Value::Str(right)) = (left, right) {
        return Some(match comparison {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            _ => comparison.holds(ordering::compare_text(left, right).into()),
        });
    }
    if let Some(order) = compare_numbers(left, right) {
        return Some(comparison.holds(order));
    }
    // None and the like are equal only to themselves.
    if !is_counted(left) && !is_counted(right) {
        return match comparison {
            Comparison::Equal => Some(left.is(right)),
            Comparison::NotEqual => Some(!left.is(right)),
            _ => None,
        };
    }
    None
}

#[cold]
fn unsupported(operator: &str, left: &Value, right: &Value) -> Raised {
    if matches!(operator, "+" | "+=") {
        let other = right.type_name();
        let kind = match left.native() {
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Bytes(_) => return Raised::type_error(format!("can't concat {other} to bytes")),
            _ => "",
        };
        if !kind.is_empty() {
            return Raised::type_error(format!("can only concatenate {kind} (not \"{other}\") to {kind}"));
        }
    }
    let hint = match left {
        Value::Native(function) if operator == ">>" && function.row.name() == "print" => {
            ". Did you mean \"print(<message>, file=<output_stream>)\"?"
        }
        _ => "",
    };
    Raised::type_error(format!(
        "unsupported operand type(s) for {operator}: '{}' and '{}'{hint}",
        left.type_name(),
        right.type_name()
    ))
}

enum Operand {
    Register(Register),
    Int(i64),
}

fn operands(op: Op) -> Option<(Register, Operand)> {
    use Op::*;
    Some(match op {
        Add { left, right, .. }
        | Subtract { left, right, .. }
        | Multiply { left, right, .. }
        | MatrixMultiply { left, right, .. }
        | Divide { left, right, .. }
        | FloorDivide { left, right, .. }
        | Modulo { left, right, .. }
        | Power { left, right, .. }
        | ShiftLeft { left, right, .. }
        | ShiftRight { left, right, .. }
        | BitAnd { left, right, .. }
        | BitOr { left, right, .. }
        | BitXor { left, right, .. }
        | Equal { left, right, .. }
        | NotEqual { left, right, .. }
        | Less { left, right, .. }
        | LessEqual { left, right, .. }
        | Greater { left, right, .. }
        | GreaterEqual { left, right, .. } => (left, Operand::Register(right)),
        AddInt { left, value, .. }
        | SubtractInt { left, value, .. }
        | MultiplyInt { left, value, .. }
        | FloorDivideInt { left, value, .. }
        | ModuloInt { left, value, .. } => (left, Operand::Int(value as i64)),
        _ => return None,
    })
}

fn comparison_of(op: Op) -> Option<Comparison> {
    Some(match op {
        Op::Equal { .. } => Comparison::Equal,
        Op::NotEqual { .. } => Comparison::NotEqual,
        Op::Less { .. } => Comparison::Less,
        Op::LessEqual { .. } => Comparison::LessEqual,
        Op::Greater { .. } => Comparison::Greater,
        Op::GreaterEqual { .. } => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn operator_of(op: Op) -> Option<Operator> {
    Some(match op {
        Op::Add { .. } | Op::AddInt { .. } => Operator::Add,
        Op::Subtract { .. } | Op::SubtractInt { .. } => Operator::Subtract,
        Op::Multiply { .. } | Op::MultiplyInt { .. } => Operator::Multiply,
        Op::MatrixMultiply { .. } => Operator::MatrixMultiply,
        Op::Divide { .. } => Operator::Divide,
        Op::FloorDivide { .. } | Op::FloorDivideInt { .. } => Operator::FloorDivide,
        Op::Modulo { .. } | Op::ModuloInt { .. } => Operator::Modulo,
        Op::Power { .. } => Operator::Power,
        Op::ShiftLeft { .. } => Operator::ShiftLeft,
        Op::ShiftRight { .. } => Operator::ShiftRight,
        Op::BitAnd { .. } => Operator::BitAnd,
        Op::BitOr { .. } => Operator::BitOr,
        Op::BitXor { .. } => Operator::BitXor,
        _ => return None,
    })
}
