//! Configuration of the alerter.
