//! The healer: turns issues into remediations under policies, within limits.
