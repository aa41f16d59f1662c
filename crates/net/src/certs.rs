//! A certificate authority of our own.
