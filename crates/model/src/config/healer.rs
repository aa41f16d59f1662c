//! Configuration of the healer.
