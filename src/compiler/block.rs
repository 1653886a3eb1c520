//! What has to be done on the way out of a block: loops, `try`, `with`, handlers.
//!
//! The blocks that are open form a stack. `return`, `break` and `continue` walk it from the inside and
//! emit what each block asks for, with the block and its exception range out of force; afterwards all
//! are in force again for the code that follows.

use asy_grammar::ast::{Identifier, Span, Statement};

use crate::bytecode::{HandledRange, Op, Register};

use super::Compiler;
use super::emit::{HandledSpan, Label, ProtectedRange};

/// What a block is, and thereby what leaving it early asks for.
#[derive(Clone, Copy)]
pub enum BlockKind<'a> {
    Loop {
        break_label: Label,
        continue_label: Label,
        iterator: Option<Register>,
    },
    /// Nothing to do: the body of a `try` with `except`.
    Plain,
    /// The body of a `try` with `finally`: the statements are run.
    Finally(&'a [Statement]),
    /// The handler of an exception: the exception is given up.
    Handler(Register),
    /// The body of `except E as name`: the name is unbound.
    NamedHandler(&'a Identifier),
    /// The body of a `with`: the exit is called.
    With {
        exit: Register,
        is_async: bool,
        span: Span,
    },
}

/// What holds for the instructions of a block.
#[derive(Clone, Copy)]
pub enum Region {
    None,
    Protected { handler: Label, exception: Register },
    Handled { exception: Register },
}

#[derive(Clone, Copy)]
pub struct Block<'a> {
    pub kind: BlockKind<'a>,
    pub region: Region,
    /// Where the region is in force from.
    start: u32,
}

impl<'a> Compiler<'a> {
    pub fn open_block(&mut self, kind: BlockKind<'a>, region: Region) {
        let start = self.unit.here();
        self.unit.blocks.push(Block { kind, region, start });
    }

    /// Ends the innermost block; its region ends here.
    pub fn close_block(&mut self) -> Option<Block<'a>> {
        let block = self.unit.blocks.pop()?;
        let (start, end, depth) = (block.start, self.unit.here(), self.unit.blocks.len());
        if start < end {
            match block.region {
                Region::None => {}
                Region::Protected { handler, exception } => {
                    self.unit.protected.push(ProtectedRange { start, end, depth, handler, exception });
                }
                Region::Handled { exception } => {
                    let range = HandledRange { start, end, exception };
                    self.unit.handled.push(HandledSpan { depth, range });
                }
            }
        }
        Some(block)
    }

    /// Whether leaving all blocks runs any code that could change a variable.
    pub fn leaving_runs_code(&self) -> bool {
        let runs = |block: &Block| {
            matches!(block.kind, BlockKind::Finally(_) | BlockKind::With { .. } | BlockKind::NamedHandler(_))
        };
        self.unit.blocks.iter().any(runs)
    }

    /// Emits what leaving all blocks from index `keep` on asks for, from the inside. The blocks stay
    /// out of force until they are given to `reenter`.
    pub fn leave(&mut self, keep: usize, span: Span) -> Vec<Block<'a>> {
        let mut left = Vec::new();
        while self.unit.blocks.len() > keep {
            let Some(block) = self.close_block() else { break };
            left.push(block);
            match block.kind {
                BlockKind::Plain | BlockKind::Loop { iterator: None, .. } => {}
                BlockKind::Loop { iterator: Some(iterator), .. } => {
                    self.emit(span, Op::Release { start: iterator, count: 1 });
                }
                BlockKind::Finally(statements) => self.statements(statements),
                BlockKind::Handler(exception) => self.emit(span, Op::Release { start: exception, count: 1 }),
                BlockKind::NamedHandler(name) => self.unbind_handler_name(name),
                BlockKind::With { exit, is_async, span } => self.call_exit(exit, is_async, span),
            }
        }
        left
    }

    /// Puts blocks that were left for one way out in force again.
    pub fn reenter(&mut self, left: Vec<Block<'a>>) {
        let start = self.unit.here();
        for block in left.into_iter().rev() {
            self.unit.blocks.push(Block { start, ..block });
        }
    }

    /// The innermost loop: its index on the stack.
    pub fn innermost_loop(&self) -> Option<(usize, Label, Label)> {
        self.unit.blocks.iter().enumerate().rev().find_map(|(index, block)| match block.kind {
            BlockKind::Loop { break_label, continue_label, .. } => Some((index, break_label, continue_label)),
            _ => None,
        })
    }
}
