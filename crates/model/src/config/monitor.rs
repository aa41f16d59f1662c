//! Configuration of the monitor.
