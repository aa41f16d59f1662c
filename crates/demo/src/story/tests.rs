//! Tables of what is seen, and what is told of it.
