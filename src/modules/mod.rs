//! Native modules.

pub mod asyncio;
