//! Unit conversion functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "convert_angle",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of angle from one unit to another.",
    ),
    Function::new(
        "convert_energy",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of energy from one unit to another.",
    ),
    Function::new(
        "convert_force",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of force from one unit to another.",
    ),
    Function::new(
        "convert_length",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of length from one unit to another.",
    ),
    Function::new(
        "convert_mass",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of mass from one unit to another.",
    ),
    Function::new(
        "convert_speed",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of speed from one unit to another.",
    ),
    Function::new(
        "convert_temperature",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of temperature from one unit to another.",
    ),
    Function::new(
        "convert_volume",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a value of volume from one unit to another.",
    ),
];
