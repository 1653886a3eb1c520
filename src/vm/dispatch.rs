//! The dispatch loop.
//!
//! One `match` over the instruction at `pc`, with the registers behind `base`. The two are kept in
//! locals and written back to the frame (`save`) before anything that can raise, call or look at
//! frames; after the top frame has changed they are read again (`reload`).
//!
//! SAFETY of this file: the compiler gives only registers below `register_count`, jumps inside the
//! code and data words where they belong (checked by `compiler::check_code` in debug builds); every
//! register of a live frame holds a value; nothing else touches the registers while an arm runs,
//! except a callee's own window.

use std::hint::cold_path;
use std::ptr;

use crate::bytecode::{Conversion, Op, Operator};
use crate::memory::interrupt;
use crate::memory::tagged::Words;
use crate::value::code::CacheKind;
use crate::value::coroutine::CoroutineState;
use crate::value::iterator::IteratorState;
use crate::value::{CellObject, CoroutineKind, Gc, Raised, Result, Str, Tuple, Value};

use super::frame::{Frame, FrameKind, is_counted, set, set_new, set_words};
use super::{Comparison, Outcome, Vm};

impl Vm {
    /// Runs the top frame until the innermost frame of kind `Entry` is left.
    pub(super) fn run(&mut self) -> Result<Outcome> {
        unsafe {
            let mut frame: *mut Frame = self.frame;
            let mut pc: *const Op = (*frame).pc;
            let mut base: *mut Value = (*frame).base;

            macro_rules! r {
                ($register:expr) => {
                    (*base.add($register.0 as usize))
                };
            }
            macro_rules! write {
                ($register:expr, $value:expr) => {{
                    let value: Value = $value;
                    set_new(base.add($register.0 as usize), value)
                }};
            }
            // As `write`, for what a function gives.
            macro_rules! store {
                ($register:expr, $value:expr) => {{
                    let value: Value = $value;
                    set(base.add($register.0 as usize), value)
                }};
            }
            macro_rules! reload {
                () => {
                    frame = self.frame;
                    pc = (*frame).pc;
                    base = (*frame).base;
                };
            }
            // Follows a Flow: on with the top frame, or out of the loop.
            macro_rules! follow {
                ($flow:expr) => {
                    match $flow {
                        Ok(None) => {
                            reload!();
                        }
                        Ok(Some(outcome)) => return Ok(outcome),
                        Err(raised) => return Err(raised),
                    }
                };
            }
            macro_rules! raise {
                ($raised:expr) => {{
                    cold_path();
                    (*frame).pc = pc;
                    let raised = $raised;
                    follow!(self.unwind(raised));
                    continue;
                }};
            }
            // The value of something that can raise.
            macro_rules! attempt {
                ($result:expr) => {{
                    (*frame).pc = pc;
                    match $result {
                        Ok(value) => value,
                        Err(raised) => raise!(raised),
                    }
                }};
            }
            // After `del`: what has died is finalized at once.
            macro_rules! safe_point {
                () => {
                    if interrupt::is_requested() {
                        cold_path();
                        attempt!(self.check_interrupts());
                    }
                };
            }
            // Something that gives a value for a register, or pushes a frame that will.
            macro_rules! enter {
                ($dst:expr, $result:expr) => {{
                    (*frame).pc = pc;
                    match $result {
                        Ok(Some(value)) => store!($dst, value),
                        Ok(None) => {
                            reload!();
                        }
                        Err(raised) => raise!(raised),
                    }
                }};
            }
            macro_rules! arithmetic {
                ($dst:ident, $left:ident, $right:ident, $checked:ident, $float:tt, $operator:ident) => {{
                    match (&r!($left), &r!($right)) {
                        (Value::Int(left), Value::Int(right)) => {
                            if let Some(value) = left.$checked(*right) {
                                write!($dst, Value::Int(value));
                                continue;
                            }
                        }
                        (Value::Float(left), Value::Float(right)) => {
                            let value = *left $float *right;
                            write!($dst, Value::Float(value));
                            continue;
                        }
                        _ => {}
                    }
                    cold_path();
                    enter!($dst, self.binary_op(Operator::$operator, base.add($left.0 as usize), base.add($right.0 as usize), $dst))
                }};
            }
            macro_rules! bitwise {
                ($dst:ident, $left:ident, $right:ident, $op:tt, $operator:ident) => {{
                    if let (Value::Int(left), Value::Int(right)) = (&r!($left), &r!($right)) {
                        let value = *left $op *right;
                        write!($dst, Value::Int(value));
                        continue;
                    }
                    cold_path();
                    enter!($dst, self.binary_op(Operator::$operator, base.add($left.0 as usize), base.add($right.0 as usize), $dst))
                }};
            }
            macro_rules! binary {
                ($dst:ident, $left:ident, $right:ident, $operator:ident) => {
                    enter!(
                        $dst,
                        self.binary_op(
                            Operator::$operator,
                            base.add($left.0 as usize),
                            base.add($right.0 as usize),
                            $dst
                        )
                    )
                };
            }
            macro_rules! arithmetic_int {
                ($dst:ident, $left:ident, $value:ident, $checked:ident, $operator:ident) => {{
                    if let Value::Int(left) = &r!($left)
                        && let Some(value) = left.$checked($value as i64)
                    {
                        write!($dst, Value::Int(value));
                        continue;
                    }
                    cold_path();
                    let right = Value::Int($value as i64);
                    enter!(
                        $dst,
                        self.binary_op(Operator::$operator, base.add($left.0 as usize), &raw const right, $dst)
                    )
                }};
            }
            macro_rules! comparison {
                ($dst:ident, $left:ident, $right:ident, $op:tt, $comparison:ident) => {{
                    match (&r!($left), &r!($right)) {
                        (Value::Int(left), Value::Int(right)) => {
                            let value = *left $op *right;
                            write!($dst, Value::Bool(value));
                            continue;
                        }
                        (Value::Float(left), Value::Float(right)) => {
                            let value = *left $op *right;
                            write!($dst, Value::Bool(value));
                            continue;
                        }
                        _ => {}
                    }
                    cold_path();
                    enter!($dst, self.compare_op(Comparison::$comparison, base.add($left.0 as usize), base.add($right.0 as usize), $dst))
                }};
            }
            // Takes or skips the jump whose offset is the next word.
            macro_rules! jump_if {
                ($condition:expr) => {{
                    if $condition {
                        pc = pc.offset(distance(pc) + 1);
                    } else {
                        pc = pc.add(1);
                    }
                }};
            }
            macro_rules! compare_jump {
                ($left:ident, $right:ident, $expected:ident, $op:tt, $comparison:ident) => {{
                    match (&r!($left), &r!($right)) {
                        (Value::Int(left), Value::Int(right)) => jump_if!((*left $op *right) == $expected),
                        (Value::Float(left), Value::Float(right)) => jump_if!((*left $op *right) == $expected),
                        _ => {
                            cold_path();
                            let (left, right) = (base.add($left.0 as usize), base.add($right.0 as usize));
                            let holds = attempt!(self.compare_truth(Comparison::$comparison, &*left, &*right));
                            jump_if!(holds == $expected)
                        }
                    }
                }};
            }
            macro_rules! compare_jump_int {
                ($left:ident, $value:ident, $expected:ident, $op:tt, $comparison:ident) => {{
                    match &r!($left) {
                        Value::Int(left) => jump_if!((*left $op $value as i64) == $expected),
                        Value::Float(left) => jump_if!((*left $op $value as f64) == $expected),
                        _ => {
                            cold_path();
                            let left = base.add($left.0 as usize);
                            let right = Value::Int($value as i64);
                            let holds = attempt!(self.compare_truth(Comparison::$comparison, &*left, &right));
                            jump_if!(holds == $expected)
                        }
                    }
                }};
            }
            // The data word of this instruction; pc moves past it.
            macro_rules! data {
                () => {{
                    let value = (*pc).data_value();
                    pc = pc.add(1);
                    value
                }};
            }
            macro_rules! site {
                ($index:expr) => {
                    (*(*frame).code).sites.get_unchecked($index)
                };
            }
            macro_rules! span {
                ($start:expr, $count:expr) => {
                    std::slice::from_raw_parts_mut(base.add($start.0 as usize), $count as usize)
                };
            }

            loop {
                let at = pc;
                pc = pc.add(1);
                // Matched in place: each arm reads only the operands it has.
                match *at {
                    Op::Data { .. } | Op::Offset { .. } => {
                        raise!(Raised::system_error("a data word was executed"))
                    }

                    Op::LoadNone { dst } => write!(dst, Value::None),
                    Op::LoadBool { dst, value } => write!(dst, Value::Bool(value)),
                    Op::LoadInt { dst, value } => write!(dst, Value::Int(value as i64)),
                    Op::LoadConstant { dst, constant } => {
                        write!(dst, (*(*frame).code).constants.get_unchecked(constant as usize).clone())
                    }
                    Op::LoadConstantWide { dst } => {
                        let index = data!();
                        write!(dst, (*(*frame).code).constants[index].clone())
                    }
                    Op::Move { dst, src } => write!(dst, r!(src).clone()),
                    Op::Release { start, count } => {
                        for register in span!(start, count) {
                            set_new(register, Value::Unbound);
                        }
                    }
                    Op::SafePoint => safe_point!(),
                    Op::CheckBound { register } => {
                        if r!(register).is_unbound() {
                            raise!(self.unbound_variable(register))
                        }
                    }
                    Op::MakeSpill { dst, count } => write!(dst, Value::list(vec![Value::Unbound; count as usize])),
                    Op::LoadSpill { dst, index } => {
                        let value = attempt!(self.load_spill(index));
                        store!(dst, value)
                    }
                    Op::StoreSpill { src, index } => {
                        let value = r!(src).clone();
                        self.store_spill(index, value)
                    }

                    Op::MakeCell { register } => {
                        let contents = std::mem::take(&mut r!(register));
                        write!(register, Value::Cell(CellObject::new(contents)))
                    }
                    Op::LoadCell { dst, cell } => {
                        let Value::Cell(object) = &r!(cell) else { raise!(self.unbound_variable(cell)) };
                        let value = object.contents.get();
                        if value.is_unbound() {
                            raise!(self.unbound_variable(cell))
                        }
                        write!(dst, value)
                    }
                    Op::StoreCell { cell, src } => {
                        let value = r!(src).clone();
                        if let Value::Cell(object) = &r!(cell) {
                            object.contents.set(value);
                        }
                    }
                    Op::DeleteCell { cell } => {
                        let old = match &r!(cell) {
                            Value::Cell(object) => object.contents.take(),
                            _ => Value::Unbound,
                        };
                        if old.is_unbound() {
                            raise!(self.unbound_variable(cell))
                        }
                    }
                    Op::LoadGlobal { dst, name } => {
                        let cache = &site!(name as usize).cache;
                        let globals = &*(*frame).globals;
                        if cache.key.get() == globals.version()
                            && let Some(place) = cache.place.get()
                            && (cache.kind.get() == CacheKind::Entry
                                || cache.second_key.get() == self.builtins.version())
                        {
                            write!(dst, (*place.as_ptr()).clone());
                            continue;
                        }
                        cold_path();
                        let site = &raw const *site!(name as usize);
                        let value = attempt!(self.load_global(&*site));
                        store!(dst, value)
                    }
                    Op::StoreGlobal { src, name } => {
                        let value = r!(src).clone();
                        let cache = &site!(name as usize).cache;
                        let globals = &*(*frame).globals;
                        if cache.key.get() == globals.version() && cache.key.get() != 0 {
                            drop(globals.replace_at(cache.index.get() as usize, value));
                            continue;
                        }
                        self.store_global(site!(name as usize), value)
                    }
                    Op::DeleteGlobal { name } => {
                        let site = &raw const *site!(name as usize);
                        attempt!(self.delete_global(&*site));
                        safe_point!()
                    }
                    Op::LoadName { dst, name } => {
                        let site = &raw const *site!(name as usize);
                        let value = attempt!(self.load_name(&*site));
                        store!(dst, value)
                    }
                    Op::LoadNameOrCell { dst, cell } => {
                        let site = &raw const *site!(data!());
                        let value = attempt!(self.load_name_or_cell(&*site, cell));
                        store!(dst, value)
                    }
                    Op::StoreName { src, name } => {
                        let value = r!(src).clone();
                        let site = &raw const *site!(name as usize);
                        attempt!(self.store_name(&*site, value))
                    }
                    Op::DeleteName { name } => {
                        let site = &raw const *site!(name as usize);
                        attempt!(self.delete_name(&*site));
                        safe_point!()
                    }

                    Op::LoadAttribute { dst, object } => {
                        let site = site!(data!());
                        let cache = &site.cache;
                        match &r!(object) {
                            Value::Instance(instance)
                                if instance.class_ref().version() == cache.key.get()
                                    && instance.shape.get().0 == cache.second_key.get() =>
                            {
                                match cache.kind.get() {
                                    CacheKind::Slot => {
                                        let value = (&(*instance.slots.as_ptr()))[cache.index.get() as usize].clone();
                                        write!(dst, value);
                                        continue;
                                    }
                                    CacheKind::ClassValue => {
                                        write!(dst, cache.value.get());
                                        continue;
                                    }
                                    _ => {}
                                }
                            }
                            Value::Module(module)
                                if cache.kind.get() == CacheKind::Entry
                                    && module.globals.version() == cache.key.get() =>
                            {
                                write!(dst, module.globals.value_at(cache.index.get() as usize));
                                continue;
                            }
                            _ => {}
                        }
                        let site = &raw const *site;
                        enter!(dst, self.load_attribute(&*base.add(object.0 as usize), &*site, dst))
                    }
                    Op::StoreAttribute { object, value } => {
                        let site = site!(data!());
                        let cache = &site.cache;
                        let new = r!(value).clone();
                        if let Value::Instance(instance) = &r!(object)
                            && instance.class_ref().version() == cache.key.get()
                            && instance.shape.get().0 == cache.second_key.get()
                        {
                            let slots = &mut *instance.slots.as_ptr();
                            match cache.kind.get() {
                                CacheKind::Slot => {
                                    set(&mut slots[cache.index.get() as usize], new);
                                    continue;
                                }
                                CacheKind::Transition => {
                                    slots.push(new);
                                    instance.shape.set(crate::value::shape::Shape(cache.index.get()));
                                    continue;
                                }
                                _ => {}
                            }
                        }
                        let site = &raw const *site;
                        attempt!(self.store_attribute(&*base.add(object.0 as usize), &*site, new))
                    }
                    Op::DeleteAttribute { object } => {
                        let name = site!(data!()).name.clone();
                        attempt!(self.delete_attribute(&*base.add(object.0 as usize), &name));
                        safe_point!()
                    }
                    Op::LoadMethod { callee, object } => {
                        let site = site!(data!());
                        let cache = &site.cache;
                        let receiver = &r!(object);
                        match receiver {
                            Value::Instance(instance)
                                if cache.kind.get() == CacheKind::Method
                                    && instance.class_ref().version() == cache.key.get()
                                    && instance.shape.get().0 == cache.second_key.get() =>
                            {
                                let receiver = receiver.clone();
                                write!(callee, cache.value.get());
                                set(base.add(callee.0 as usize + 1), receiver);
                                continue;
                            }
                            Value::Module(module)
                                if cache.kind.get() == CacheKind::Entry
                                    && module.globals.version() == cache.key.get() =>
                            {
                                let function = module.globals.value_at(cache.index.get() as usize);
                                write!(callee, function);
                                set_new(base.add(callee.0 as usize + 1), Value::Unbound);
                                continue;
                            }
                            _ if cache.kind.get() == CacheKind::NativeMethod
                                && super::kind_number(receiver) == cache.key.get() =>
                            {
                                let receiver = receiver.clone();
                                write!(callee, cache.value.get());
                                set(base.add(callee.0 as usize + 1), receiver);
                                continue;
                            }
                            _ => {}
                        }
                        let site = &raw const *site;
                        let (function, receiver) = attempt!(self.load_method(&*base.add(object.0 as usize), &*site));
                        write!(callee, function);
                        set(base.add(callee.0 as usize + 1), receiver);
                    }
                    Op::LoadItem { dst, object, index } => {
                        match (&r!(object), &r!(index)) {
                            (Value::List(list), Value::Int(index)) => {
                                let items = &*list.items.as_ptr();
                                let place = if *index < 0 { *index + items.len() as i64 } else { *index };
                                if let Some(value) = items.get(place as usize) {
                                    let value = value.clone();
                                    write!(dst, value);
                                    continue;
                                }
                            }
                            (Value::Tuple(tuple), Value::Int(index)) => {
                                let items = tuple.items();
                                let place = if *index < 0 { *index + items.len() as i64 } else { *index };
                                if let Some(value) = items.get(place as usize) {
                                    let value = value.clone();
                                    write!(dst, value);
                                    continue;
                                }
                            }
                            _ => {}
                        }
                        let (object, index) = (base.add(object.0 as usize), base.add(index.0 as usize));
                        enter!(dst, self.load_item(&*object, &*index, dst))
                    }
                    Op::LoadItemInt { dst, object, index } => {
                        let items: &[Value] = match &r!(object) {
                            Value::List(list) => &*list.items.as_ptr(),
                            Value::Tuple(tuple) => tuple.items(),
                            _ => &[],
                        };
                        let place = if index < 0 { index as i64 + items.len() as i64 } else { index as i64 };
                        if let Some(value) = items.get(place as usize) {
                            let value = value.clone();
                            write!(dst, value);
                            continue;
                        }
                        let object = base.add(object.0 as usize);
                        enter!(dst, self.load_item(&*object, &Value::Int(index as i64), dst))
                    }
                    Op::StoreItem { object, index, value } => {
                        let new = r!(value).clone();
                        if let (Value::List(list), Value::Int(index)) = (&r!(object), &r!(index)) {
                            let items = &mut *list.items.as_ptr();
                            let place = if *index < 0 { *index + items.len() as i64 } else { *index };
                            if let Some(item) = items.get_mut(place as usize) {
                                set(item, new);
                                continue;
                            }
                        }
                        let (object, index) = (base.add(object.0 as usize), base.add(index.0 as usize));
                        attempt!(self.set_item(&*object, &*index, new))
                    }
                    Op::DeleteItem { object, index } => {
                        let (object, index) = (base.add(object.0 as usize), base.add(index.0 as usize));
                        attempt!(self.delete_item(&*object, &*index));
                        safe_point!()
                    }

                    Op::Add { dst, left, right } => arithmetic!(dst, left, right, checked_add, +, Add),
                    Op::Subtract { dst, left, right } => arithmetic!(dst, left, right, checked_sub, -, Subtract),
                    Op::Multiply { dst, left, right } => arithmetic!(dst, left, right, checked_mul, *, Multiply),
                    Op::MatrixMultiply { dst, left, right } => binary!(dst, left, right, MatrixMultiply),
                    Op::Divide { dst, left, right } => {
                        if let (Value::Float(left), Value::Float(right)) = (&r!(left), &r!(right))
                            && *right != 0.0
                        {
                            let value = *left / *right;
                            write!(dst, Value::Float(value));
                            continue;
                        }
                        binary!(dst, left, right, Divide)
                    }
                    Op::FloorDivide { dst, left, right } => {
                        if let (Value::Int(left), Value::Int(right)) = (&r!(left), &r!(right))
                            && *right > 0
                        {
                            let value = floor_divide(*left, *right);
                            write!(dst, Value::Int(value));
                            continue;
                        }
                        binary!(dst, left, right, FloorDivide)
                    }
                    Op::Modulo { dst, left, right } => {
                        if let (Value::Int(left), Value::Int(right)) = (&r!(left), &r!(right))
                            && *right > 0
                        {
                            let value = left.rem_euclid(*right);
                            write!(dst, Value::Int(value));
                            continue;
                        }
                        binary!(dst, left, right, Modulo)
                    }
                    Op::Power { dst, left, right } => binary!(dst, left, right, Power),
                    Op::ShiftLeft { dst, left, right } => binary!(dst, left, right, ShiftLeft),
                    Op::ShiftRight { dst, left, right } => {
                        if let (Value::Int(left), Value::Int(right)) = (&r!(left), &r!(right))
                            && (0..64).contains(right)
                        {
                            let value = *left >> *right;
                            write!(dst, Value::Int(value));
                            continue;
                        }
                        binary!(dst, left, right, ShiftRight)
                    }
                    Op::BitAnd { dst, left, right } => bitwise!(dst, left, right, &, BitAnd),
                    Op::BitOr { dst, left, right } => bitwise!(dst, left, right, |, BitOr),
                    Op::BitXor { dst, left, right } => bitwise!(dst, left, right, ^, BitXor),
                    Op::AddInt { dst, left, value } => arithmetic_int!(dst, left, value, checked_add, Add),
                    Op::SubtractInt { dst, left, value } => arithmetic_int!(dst, left, value, checked_sub, Subtract),
                    Op::MultiplyInt { dst, left, value } => arithmetic_int!(dst, left, value, checked_mul, Multiply),
                    Op::FloorDivideInt { dst, left, value } => {
                        if let Value::Int(left) = &r!(left)
                            && value > 0
                        {
                            let value = floor_divide(*left, value as i64);
                            write!(dst, Value::Int(value));
                            continue;
                        }
                        let right = Value::Int(value as i64);
                        enter!(
                            dst,
                            self.binary_op(Operator::FloorDivide, base.add(left.0 as usize), &raw const right, dst)
                        )
                    }
                    Op::ModuloInt { dst, left, value } => {
                        if let Value::Int(left) = &r!(left)
                            && value > 0
                        {
                            let value = modulo_small(*left, value);
                            write!(dst, Value::Int(value));
                            continue;
                        }
                        let right = Value::Int(value as i64);
                        enter!(dst, self.binary_op(Operator::Modulo, base.add(left.0 as usize), &raw const right, dst))
                    }
                    Op::Negate { dst, operand } => {
                        let value = attempt!(self.negate(&*base.add(operand.0 as usize)));
                        store!(dst, value)
                    }
                    Op::Positive { dst, operand } => {
                        let value = attempt!(self.positive(&*base.add(operand.0 as usize)));
                        store!(dst, value)
                    }
                    Op::Invert { dst, operand } => {
                        let value = attempt!(self.invert(&*base.add(operand.0 as usize)));
                        store!(dst, value)
                    }
                    Op::Not { dst, operand } => {
                        let truth = match &r!(operand) {
                            Value::Bool(truth) => *truth,
                            _ => attempt!(self.truth(&*base.add(operand.0 as usize))),
                        };
                        write!(dst, Value::Bool(!truth))
                    }
                    Op::Equal { dst, left, right } => comparison!(dst, left, right, ==, Equal),
                    Op::NotEqual { dst, left, right } => comparison!(dst, left, right, !=, NotEqual),
                    Op::Less { dst, left, right } => comparison!(dst, left, right, <, Less),
                    Op::LessEqual { dst, left, right } => comparison!(dst, left, right, <=, LessEqual),
                    Op::Greater { dst, left, right } => comparison!(dst, left, right, >, Greater),
                    Op::GreaterEqual { dst, left, right } => comparison!(dst, left, right, >=, GreaterEqual),
                    Op::Is { dst, left, right } => {
                        let value = r!(left).is(&r!(right));
                        write!(dst, Value::Bool(value))
                    }
                    Op::IsNot { dst, left, right } => {
                        let value = !r!(left).is(&r!(right));
                        write!(dst, Value::Bool(value))
                    }
                    Op::In { dst, left, right } => {
                        let (left, right) = (base.add(left.0 as usize), base.add(right.0 as usize));
                        let value = attempt!(self.contains(&*right, &*left));
                        write!(dst, Value::Bool(value))
                    }
                    Op::NotIn { dst, left, right } => {
                        let (left, right) = (base.add(left.0 as usize), base.add(right.0 as usize));
                        let value = attempt!(self.contains(&*right, &*left));
                        write!(dst, Value::Bool(!value))
                    }

                    Op::Jump { .. } => pc = pc.offset(distance(at)),
                    Op::JumpBack { .. } => {
                        pc = pc.offset(distance(at));
                        if interrupt::is_requested() {
                            // The instruction before the target is not the one that is executed, but a
                            // place inside the loop is what a Ctrl-C should show.
                            pc = pc.add(1);
                            let result = {
                                (*frame).pc = pc;
                                self.check_interrupts()
                            };
                            if let Err(raised) = result {
                                raise!(raised)
                            }
                            pc = pc.sub(1);
                        }
                    }
                    Op::JumpIfTrue { condition } => {
                        let truth = match &r!(condition) {
                            Value::Bool(truth) => *truth,
                            Value::Int(value) => *value != 0,
                            Value::None => false,
                            _ => attempt!(self.truth(&*base.add(condition.0 as usize))),
                        };
                        jump_if!(truth)
                    }
                    Op::JumpIfFalse { condition } => {
                        let truth = match &r!(condition) {
                            Value::Bool(truth) => *truth,
                            Value::Int(value) => *value != 0,
                            Value::None => false,
                            _ => attempt!(self.truth(&*base.add(condition.0 as usize))),
                        };
                        jump_if!(!truth)
                    }
                    Op::JumpEqual { left, right, expected } => compare_jump!(left, right, expected, ==, Equal),
                    Op::JumpNotEqual { left, right, expected } => compare_jump!(left, right, expected, !=, NotEqual),
                    Op::JumpLess { left, right, expected } => compare_jump!(left, right, expected, <, Less),
                    Op::JumpLessEqual { left, right, expected } => compare_jump!(left, right, expected, <=, LessEqual),
                    Op::JumpGreater { left, right, expected } => compare_jump!(left, right, expected, >, Greater),
                    Op::JumpGreaterEqual { left, right, expected } => {
                        compare_jump!(left, right, expected, >=, GreaterEqual)
                    }
                    Op::JumpIs { left, right, expected } => jump_if!(r!(left).is(&r!(right)) == expected),
                    Op::JumpIn { left, right, expected } => {
                        let (left, right) = (base.add(left.0 as usize), base.add(right.0 as usize));
                        let holds = attempt!(self.contains(&*right, &*left));
                        jump_if!(holds == expected)
                    }
                    Op::JumpIsNone { value, expected } => jump_if!(r!(value).is_none() == expected),
                    Op::JumpEqualInt { left, value, expected } => compare_jump_int!(left, value, expected, ==, Equal),
                    Op::JumpLessInt { left, value, expected } => compare_jump_int!(left, value, expected, <, Less),
                    Op::JumpLessEqualInt { left, value, expected } => {
                        compare_jump_int!(left, value, expected, <=, LessEqual)
                    }
                    Op::JumpGreaterInt { left, value, expected } => {
                        compare_jump_int!(left, value, expected, >, Greater)
                    }
                    Op::JumpGreaterEqualInt { left, value, expected } => {
                        compare_jump_int!(left, value, expected, >=, GreaterEqual)
                    }

                    Op::BuildList { dst, start, count } => {
                        let items = take_all(span!(start, count));
                        write!(dst, Value::list(items))
                    }
                    Op::BuildTuple { dst, start, count } => {
                        let tuple = Tuple::taken(span!(start, count));
                        write!(dst, Value::Tuple(Gc::new(tuple)))
                    }
                    Op::BuildSet { dst, start, count } => {
                        let items = take_all(span!(start, count));
                        let set = attempt!(self.build_set(items));
                        store!(dst, set)
                    }
                    Op::BuildDict { dst, start, count } => {
                        let items = take_all(span!(start, count as usize * 2));
                        let dict = attempt!(self.build_dict(items));
                        store!(dst, dict)
                    }
                    Op::BuildSlice { dst, start } => {
                        let slice = self.build_slice(span!(start, 3));
                        write!(dst, slice)
                    }
                    Op::BuildString { dst, start, count } => {
                        let text = join_strings(span!(start, count));
                        write!(dst, text)
                    }
                    Op::ListAppend { list, value } => {
                        let item = r!(value).clone();
                        if let Value::List(list) = &r!(list) {
                            attempt!(list.try_push(item))
                        }
                    }
                    Op::ListExtend { list, iterable, callee } => {
                        let (list, iterable) = (base.add(list.0 as usize), base.add(iterable.0 as usize));
                        attempt!(self.extend_list(&*list, &*iterable, &*base.add(callee.0 as usize)))
                    }
                    Op::ListToTuple { dst, list } => {
                        let items = match &r!(list) {
                            Value::List(list) => list.snapshot(),
                            _ => Vec::new(),
                        };
                        write!(dst, Value::tuple(items))
                    }
                    Op::SetAdd { set, value } => {
                        let value = r!(value).clone();
                        let Value::Set(set) = (*base.add(set.0 as usize)).clone() else { continue };
                        attempt!(self.set_add(&set, value));
                    }
                    Op::SetUpdate { set, iterable } => {
                        let (set, iterable) = (base.add(set.0 as usize), base.add(iterable.0 as usize));
                        attempt!(self.update_set(&*set, &*iterable))
                    }
                    Op::DictInsert { dict, key, value } => {
                        let (key, value) = (r!(key).clone(), r!(value).clone());
                        let dict = &raw const r!(dict);
                        if let Value::Dict(dict) = &*dict {
                            attempt!(self.dict_set(dict, key, value));
                        }
                    }
                    Op::DictUpdate { dict, mapping } => {
                        let (dict, mapping) = (base.add(dict.0 as usize), base.add(mapping.0 as usize));
                        attempt!(self.update_dict(&*dict, &*mapping))
                    }
                    Op::DictMerge { dict, mapping, callee } => {
                        let (dict, mapping) = (base.add(dict.0 as usize), base.add(mapping.0 as usize));
                        let callee = base.add(callee.0 as usize);
                        attempt!(self.merge_keywords(&*dict, &*mapping, &*callee))
                    }
                    Op::Convert { dst, value, conversion } => {
                        let value = &*base.add(value.0 as usize);
                        let text = attempt!(match conversion {
                            Conversion::Str => self.str(value),
                            Conversion::Repr => self.repr(value),
                            Conversion::Ascii => self.ascii(value),
                        });
                        write!(dst, Value::Str(text))
                    }
                    Op::Format { dst, value } => {
                        if let Value::Str(text) = &r!(value) {
                            let text = text.clone();
                            write!(dst, Value::Str(text));
                            continue;
                        }
                        let text = attempt!(self.format_plain(&*base.add(value.0 as usize)));
                        write!(dst, Value::Str(text))
                    }
                    Op::FormatWith { dst, value, spec } => {
                        let (value, spec) = (base.add(value.0 as usize), base.add(spec.0 as usize));
                        let text = attempt!(self.format_with(&*value, &*spec));
                        write!(dst, Value::Str(text))
                    }
                    Op::Unpack { src, start, count } => {
                        if let Value::Tuple(tuple) = &r!(src)
                            && tuple.len() == count as usize
                        {
                            let tuple = tuple.clone();
                            for (index, item) in tuple.items().iter().enumerate() {
                                set(base.add(start.0 as usize + index), item.clone());
                            }
                            continue;
                        }
                        let items = attempt!(self.unpack(&*base.add(src.0 as usize), count as usize));
                        for (index, item) in items.into_iter().enumerate() {
                            set(base.add(start.0 as usize + index), item);
                        }
                    }
                    Op::UnpackStar { src, start, before } => {
                        let after = data!();
                        let items = attempt!(self.unpack_star(&*base.add(src.0 as usize), before as usize, after));
                        for (index, item) in items.into_iter().enumerate() {
                            set(base.add(start.0 as usize + index), item);
                        }
                    }

                    Op::GetIterator { dst, iterable } => {
                        let iterator = attempt!(self.iterate(&*base.add(iterable.0 as usize)));
                        store!(dst, iterator)
                    }
                    Op::ForNext { dst, iterator } => {
                        match &r!(iterator) {
                            Value::Iterator(iterator) => match &iterator.state {
                                IteratorState::Range { next, left, step } => {
                                    let count = left.get();
                                    if count == 0 {
                                        pc = pc.offset(distance(pc) + 1);
                                        continue;
                                    }
                                    left.set(count - 1);
                                    let value = next.get();
                                    next.set(value.wrapping_add(*step));
                                    pc = pc.add(1);
                                    write!(dst, Value::Int(value));
                                    continue;
                                }
                                IteratorState::List { list, index } => {
                                    if let Some(source) = list.shared() {
                                        let place = index.get();
                                        let items = &*source.items.as_ptr();
                                        if let Some(item) = items.get(place) {
                                            let item = item.clone();
                                            index.set(place + 1);
                                            pc = pc.add(1);
                                            write!(dst, item);
                                            continue;
                                        }
                                        list.set(None);
                                    }
                                    pc = pc.offset(distance(pc) + 1);
                                    continue;
                                }
                                _ => {}
                            },
                            Value::Coroutine(generator) if generator.kind == CoroutineKind::Generator => {
                                pc = pc.add(1);
                                (*frame).pc = pc;
                                if let Some(entered) = self.enter_suspended(frame, generator, dst, FrameKind::ForNext) {
                                    frame = entered.as_ptr();
                                    pc = (*frame).pc;
                                    base = (*frame).base;
                                    continue;
                                }
                                let generator = generator.clone();
                                follow!(self.enter_generator(generator, dst));
                                continue;
                            }
                            _ => {}
                        }
                        pc = pc.add(1);
                        if let Op::Unpack { src, .. } = *pc
                            && src == dst
                        {
                            // What was unpacked in the last turn is given up, so that it can be used again.
                            write!(dst, Value::Unbound);
                        }
                        let iterator = base.add(iterator.0 as usize);
                        match attempt!(self.next(&*iterator)) {
                            Some(value) => write!(dst, value),
                            None => pc = pc.offset((*pc.sub(1)).distance()),
                        }
                    }

                    Op::Call { dst, callee, count } => {
                        let window = base.add(callee.0 as usize);
                        (*frame).pc = pc;
                        if interrupt::is_requested() {
                            cold_path();
                            attempt!(self.check_interrupts());
                        }
                        match self.enter_function(window, window.add(1), count as usize, dst) {
                            Ok(Some(entered)) => {
                                frame = entered.as_ptr();
                                pc = (*frame).pc;
                                base = (*frame).base;
                            }
                            Ok(None) if is_plain_native(&*window) => {
                                let value = attempt!(self.call_native(window, count as usize));
                                store!(dst, value);
                            }
                            Ok(None) => enter!(dst, self.call_window(window, count as usize, dst)),
                            Err(raised) => raise!(raised),
                        }
                    }
                    Op::CallAwaited { dst, callee, count } => {
                        let window = base.add(callee.0 as usize);
                        (*frame).pc = pc;
                        if interrupt::is_requested() {
                            cold_path();
                            attempt!(self.check_interrupts());
                        }
                        if let Some(entered) = self.enter_awaited(window, count as usize) {
                            frame = entered.as_ptr();
                            pc = (*frame).pc;
                            base = (*frame).base;
                            continue;
                        }
                        enter!(dst, self.call_window(window, count as usize, dst))
                    }
                    Op::CallMethod { dst, callee, count } => {
                        let window = base.add(callee.0 as usize);
                        (*frame).pc = pc;
                        if interrupt::is_requested() {
                            cold_path();
                            attempt!(self.check_interrupts());
                        }
                        if (*window.add(1)).is_unbound() {
                            // Not a method after all: the callee moves up next to its arguments.
                            ptr::swap(window, window.add(1));
                            enter!(dst, self.call_window(window.add(1), count as usize, dst));
                            continue;
                        }
                        if is_plain_native(&*window) {
                            let value = attempt!(self.call_native(window, count as usize + 1));
                            store!(dst, value);
                            continue;
                        }
                        match self.enter_function(window, window.add(1), count as usize + 1, dst) {
                            Ok(Some(entered)) => {
                                frame = entered.as_ptr();
                                pc = (*frame).pc;
                                base = (*frame).base;
                            }
                            Ok(None) => enter!(dst, self.call_window(window, count as usize + 1, dst)),
                            Err(raised) => raise!(raised),
                        }
                    }
                    Op::CallKeywords { dst, callee, count } => {
                        let names = data!();
                        let window = base.add(callee.0 as usize);
                        enter!(dst, self.call_window_keywords(window, count as usize, names, dst))
                    }
                    Op::CallMethodKeywords { dst, callee, count } => {
                        let names = data!();
                        let mut window = base.add(callee.0 as usize);
                        let mut count = count as usize + 1;
                        if (*window.add(1)).is_unbound() {
                            ptr::swap(window, window.add(1));
                            window = window.add(1);
                            count -= 1;
                        }
                        enter!(dst, self.call_window_keywords(window, count, names, dst))
                    }
                    Op::CallSpread { dst, callee } => {
                        let window = base.add(callee.0 as usize);
                        enter!(dst, self.call_spread(window, dst))
                    }
                    Op::Return { src } => {
                        let place = base.add(src.0 as usize);
                        let value = Words::take(place);
                        place.write(Value::Unbound);
                        if !(*frame).kind.takes(&value) {
                            (*frame).pc = pc;
                            follow!(self.finish_frame(value.value()));
                            continue;
                        }
                        let dst = (*frame).dst;
                        frame = self.pop_call_frame(frame);
                        pc = (*frame).pc;
                        base = (*frame).base;
                        set_words(base.add(dst.0 as usize), value);
                    }
                    Op::ReturnNone => {
                        if (*frame).kind == FrameKind::Init {
                            let instance = Words::take(&raw const (*frame).subject);
                            (&raw mut (*frame).subject).write(Value::Unbound);
                            let dst = (*frame).dst;
                            frame = self.pop_call_frame(frame);
                            pc = (*frame).pc;
                            base = (*frame).base;
                            set_words(base.add(dst.0 as usize), instance);
                            continue;
                        }
                        if !(*frame).kind.is_plain_call() {
                            (*frame).pc = pc;
                            follow!(self.finish_frame(Value::None));
                            continue;
                        }
                        let dst = (*frame).dst;
                        frame = self.pop_call_frame(frame);
                        pc = (*frame).pc;
                        base = (*frame).base;
                        write!(dst, Value::None);
                    }

                    Op::MakeFunction { dst, code } => {
                        let function = self.make_function(code as usize);
                        write!(dst, function)
                    }
                    Op::SetFunctionPart { function, value, part } => {
                        let value = r!(value).clone();
                        if let Value::Function(function) = &r!(function) {
                            super::call::set_function_part(function, part, value);
                        }
                    }
                    Op::LoadBuildClass { dst } => {
                        let value = attempt!(self.load_build_class());
                        store!(dst, value)
                    }

                    Op::Yield { dst: _, src } => {
                        (*frame).pc = pc;
                        if let Some(next) = self.yield_to_loop(frame, base.add(src.0 as usize)) {
                            frame = next.as_ptr();
                            pc = (*frame).pc;
                            base = (*frame).base;
                            continue;
                        }
                        let value = r!(src).clone();
                        follow!(self.yield_value(value))
                    }
                    Op::GetYieldFromIterator { dst, src } => {
                        let iterator = attempt!(self.yield_from_iterator(&*base.add(src.0 as usize)));
                        store!(dst, iterator)
                    }
                    Op::GetAwaitable { dst, src, context } => {
                        if dst == src
                            && let Value::Coroutine(coroutine) = &r!(src)
                            && coroutine.kind == CoroutineKind::Coroutine
                            && coroutine.state.get() == CoroutineState::Created
                        {
                            continue;
                        }
                        let awaitable = attempt!(self.awaitable(&*base.add(src.0 as usize), context));
                        store!(dst, awaitable)
                    }
                    Op::YieldFrom { dst: _, delegate } => {
                        (*frame).pc = pc;
                        let delegate = r!(delegate).clone();
                        follow!(self.delegate(delegate))
                    }
                    Op::GetAsyncIterator { dst, src } => {
                        let iterator = attempt!(self.async_iterator(&*base.add(src.0 as usize)));
                        store!(dst, iterator)
                    }
                    Op::AsyncForNext { dst: _, iterator } => {
                        pc = pc.add(1);
                        (*frame).pc = pc;
                        if self.ask_generator(frame, base.add(iterator.0 as usize)) {
                            pc = (*frame).pc;
                            base = (*frame).base;
                            continue;
                        }
                        follow!(self.async_for_next(iterator))
                    }

                    Op::EnterWith { dst, exit, manager } => {
                        let manager = r!(manager).clone();
                        let (exit_method, enter_method) = attempt!(self.context_methods(&manager));
                        write!(exit, exit_method);
                        enter!(dst, self.call_special_entering(enter_method, &manager, dst))
                    }
                    Op::EnterAsyncWith { dst, exit, manager } => {
                        let manager = r!(manager).clone();
                        let (exit_method, enter_method) = attempt!(self.async_context_methods(&manager));
                        write!(exit, exit_method);
                        enter!(dst, self.call_special_entering(enter_method, &manager, dst))
                    }
                    Op::CallExit { dst, exit } => {
                        let exit = r!(exit).clone();
                        enter!(dst, self.call_exit(exit, dst))
                    }
                    Op::CallExitWith { dst, exit, exception } => {
                        let exit = r!(exit).clone();
                        let exception = r!(exception).clone();
                        let class = Value::Class(exception.class());
                        let traceback = attempt!(self.traceback_of(&exception));
                        enter!(dst, self.call_entering(exit, &[class, exception, traceback], dst))
                    }

                    Op::Raise { exception } => {
                        let exception = r!(exception).clone();
                        let raised = attempt!(self.make_raised(exception));
                        raise!(raised)
                    }
                    Op::RaiseFrom { exception, cause } => {
                        let (exception, cause) = (r!(exception).clone(), r!(cause).clone());
                        let raised = attempt!(self.make_raised_from(exception, cause));
                        raise!(raised)
                    }
                    Op::RaiseHandled => {
                        (*frame).pc = pc;
                        match self.handled_exception() {
                            Some(exception) => raise!(Raised(exception)),
                            None => raise!(Raised::runtime_error("No active exception to reraise")),
                        }
                    }
                    Op::Reraise { exception } => {
                        let Value::Exception(exception) = r!(exception).clone() else { continue };
                        raise!(Raised(exception))
                    }
                    Op::JumpIfNotException { exception, class } => {
                        let (exception, class) = (base.add(exception.0 as usize), base.add(class.0 as usize));
                        let matches = match (&*exception, &*class) {
                            (Value::Exception(exception), Value::Class(class)) if class.is_exception() => {
                                exception.is_a(class)
                            }
                            _ => attempt!(self.exception_matches(&*exception, &*class)),
                        };
                        jump_if!(!matches)
                    }

                    Op::ImportModule { dst, name } => {
                        let word = data!();
                        let name = site!(name as usize).name.clone();
                        let module = attempt!(self.import_module(&name, word >> 1, word & 1 == 1));
                        store!(dst, module)
                    }
                    Op::ImportFrom { dst, module } => {
                        let name = site!(data!()).name.clone();
                        let value = attempt!(self.import_from(&*base.add(module.0 as usize), &name));
                        store!(dst, value)
                    }

                    Op::MatchSequence { dst, subject } => {
                        let matches = attempt!(self.is_sequence(&*base.add(subject.0 as usize)));
                        write!(dst, Value::Bool(matches))
                    }
                    Op::MatchMapping { dst, subject } => {
                        let matches = attempt!(self.is_mapping(&*base.add(subject.0 as usize)));
                        write!(dst, Value::Bool(matches))
                    }
                    Op::MatchKeys { dst, subject, keys } => {
                        let (subject, keys) = (base.add(subject.0 as usize), base.add(keys.0 as usize));
                        let values = attempt!(self.match_keys(&*subject, &*keys));
                        store!(dst, values)
                    }
                    Op::MatchClass { dst, start } => {
                        let positional = data!();
                        let start = base.add(start.0 as usize);
                        let values = attempt!(self.match_class(&*start, &*start.add(1), &*start.add(2), positional));
                        store!(dst, values)
                    }
                    Op::Length { dst, object } => {
                        let length = attempt!(self.length(&*base.add(object.0 as usize)));
                        write!(dst, Value::Int(length as i64))
                    }
                    Op::Intrinsic { dst, start, function } => {
                        let start = base.add(start.0 as usize);
                        let value = attempt!(self.intrinsic(function, start));
                        store!(dst, value)
                    }
                }
            }
        }
    }
}

/// Whether it is a native function whose call cannot be awaited without a coroutine.
#[inline(always)]
fn is_plain_native(callee: &Value) -> bool {
    matches!(callee, Value::Native(native) if native.row.at_once.is_none())
}

/// Moves the values out of registers.
#[inline(never)]
fn take_all(registers: &mut [Value]) -> Vec<Value> {
    registers.iter_mut().map(std::mem::take).collect()
}

/// The distance in an offset word or jump, without asking which it is.
#[inline(always)]
unsafe fn distance(word: *const Op) -> isize {
    // SAFETY: the word is one of `Offset`, `Jump` and `JumpBack`, which lie in memory as tag, high byte,
    // low half (`Op` is `repr(u8)`).
    unsafe {
        let high = *word.cast::<i8>().add(1);
        let low = *word.cast::<u16>().add(1);
        (high as isize) << 16 | low as isize
    }
}

/// `left // right` for a positive divisor.
#[inline(always)]
fn floor_divide(left: i64, right: i64) -> i64 {
    left.div_euclid(right)
}

/// `left % right` for a positive divisor: in 32 bits where both fit, which is much faster.
#[inline(always)]
fn modulo_small(left: i64, right: i8) -> i64 {
    if left >> 32 == 0 {
        return (left as u32 % right as u32) as i64;
    }
    left.rem_euclid(right as i64)
}

fn join_strings(pieces: &mut [Value]) -> Value {
    let joined = Str::concatenated(pieces.iter().filter_map(Value::as_str));
    for piece in pieces {
        if is_counted(piece) {
            *piece = Value::Unbound;
        }
    }
    Value::Str(joined)
}
