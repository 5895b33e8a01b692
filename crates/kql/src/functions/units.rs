//! Unit conversion functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "convert_angle",
        &["(value: real, from: string, to: string) -> real"],
        "Converts an angle from one unit to another.",
    )
    .example("round(convert_angle(180, \"Degree\", \"Radian\"), 4) == 3.1416"),
    Function::new(
        "convert_energy",
        &["(value: real, from: string, to: string) -> real"],
        "Converts an energy from one unit to another.",
    )
    .example("convert_energy(1, \"Kilojoule\", \"Joule\") == 1000"),
    Function::new(
        "convert_force",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a force from one unit to another.",
    )
    .example("convert_force(1, \"Kilonewton\", \"Newton\") == 1000"),
    Function::new(
        "convert_length",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a length from one unit to another.",
    )
    .example("convert_length(2, \"Kilometer\", \"Meter\") == 2000"),
    Function::new(
        "convert_mass",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a mass from one unit to another.",
    )
    .example("convert_mass(1, \"Kilogram\", \"Gram\") == 1000"),
    Function::new(
        "convert_speed",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a speed from one unit to another.",
    )
    .example("round(convert_speed(36, \"KilometerPerHour\", \"MeterPerSecond\"), 4) == 10"),
    Function::new(
        "convert_temperature",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a temperature from one unit to another.",
    )
    .example("round(convert_temperature(100, \"DegreeCelsius\", \"DegreeFahrenheit\"), 4) == 212"),
    Function::new(
        "convert_volume",
        &["(value: real, from: string, to: string) -> real"],
        "Converts a volume from one unit to another.",
    )
    .example("round(convert_volume(1, \"Liter\", \"Milliliter\"), 4) == 1000"),
];
