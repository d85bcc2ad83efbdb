//! Language models behind core's port: the built-in one and, through genai, the providers on the network. Also what
//! belongs to them: keys, prices, and model servers on this machine.

pub mod builtin;
