//! Nothing but tests: `tests/architecture` keeps what ARCHITECTURE.md says, and names file and line of what breaks it.
