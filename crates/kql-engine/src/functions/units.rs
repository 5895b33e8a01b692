//! Unit conversions: `convert_length()` and its like. An unknown unit gives null.
//!
//! A unit is a factor to its quantity's base unit. The documented results show that the service uses the rounded
//! factors of the UnitsNet library (1 acre-foot = 1/0.000810714 m³); those are used where they differ from the
//! exact ones.

use super::regex_fn::text;
use super::{Kernel, strict};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["convert_angle"], |_, args| scaled(args, ANGLE)),
    strict(&["convert_energy"], |_, args| scaled(args, ENERGY)),
    strict(&["convert_force"], |_, args| scaled(args, FORCE)),
    strict(&["convert_length"], |_, args| scaled(args, LENGTH)),
    strict(&["convert_mass"], |_, args| scaled(args, MASS)),
    strict(&["convert_speed"], |_, args| scaled(args, SPEED)),
    strict(&["convert_temperature"], |_, args| temperature(args)),
    strict(&["convert_volume"], |_, args| scaled(args, VOLUME)),
];

/// Name and size in the base unit.
type Units = &'static [(&'static str, f64)];

fn scaled<'a>(args: &[Datum<'a>], units: Units) -> Datum<'a> {
    let size = |idx| {
        let name = text(args, idx);
        units.iter().find(|unit| unit.0 == name).map(|unit| unit.1)
    };
    match (args.first().and_then(Datum::as_f64), size(1), size(2)) {
        (Some(value), Some(from), Some(to)) => Datum::Real(value * from / to),
        _ => Datum::Null,
    }
}

/// Name, and kelvin as `(value + shift) * scale + offset`.
const TEMPERATURE: &[(&str, f64, f64, f64)] = &[
    ("DegreeCelsius", 0.0, 1.0, 273.15),
    ("DegreeDelisle", 0.0, -2.0 / 3.0, 373.15),
    ("DegreeFahrenheit", 459.67, 5.0 / 9.0, 0.0),
    ("DegreeNewton", 0.0, 100.0 / 33.0, 273.15),
    ("DegreeRankine", 0.0, 5.0 / 9.0, 0.0),
    ("DegreeReaumur", 0.0, 5.0 / 4.0, 273.15),
    ("DegreeRoemer", -7.5, 40.0 / 21.0, 273.15),
    ("Kelvin", 0.0, 1.0, 0.0),
    ("MillidegreeCelsius", 0.0, 1e-3, 273.15),
    ("SolarTemperature", 0.0, 5778.0, 0.0),
];

fn temperature<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let unit = |idx| {
        let name = text(args, idx);
        TEMPERATURE.iter().find(|unit| unit.0 == name)
    };
    match (args.first().and_then(Datum::as_f64), unit(1), unit(2)) {
        (Some(value), Some((_, shift, scale, offset)), Some((_, shift2, scale2, offset2))) => {
            let kelvin = (value + shift) * scale + offset;
            Datum::Real((kelvin - offset2) / scale2 - shift2)
        }
        _ => Datum::Null,
    }
}

const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// In radians.
const ANGLE: Units = &[
    ("Arcminute", DEGREE / 60.0),
    ("Arcsecond", DEGREE / 3600.0),
    ("Centiradian", 1e-2),
    ("Deciradian", 1e-1),
    ("Degree", DEGREE),
    ("Gradian", DEGREE * 0.9),
    ("Microdegree", DEGREE * 1e-6),
    ("Microradian", 1e-6),
    ("Millidegree", DEGREE * 1e-3),
    ("Milliradian", 1e-3),
    ("Nanodegree", DEGREE * 1e-9),
    ("Nanoradian", 1e-9),
    ("NatoMil", std::f64::consts::PI / 3200.0),
    ("Radian", 1.0),
    ("Revolution", std::f64::consts::TAU),
    ("Tilt", std::f64::consts::FRAC_PI_2),
];

const BTU: f64 = 1_055.055_852_62;
const CALORIE: f64 = 4.184;
const ELECTRON_VOLT: f64 = 1.602_176_565e-19;
const THERM_EC: f64 = 1.055_055_852_62e8;
const THERM_IMPERIAL: f64 = 1.055_055_852_573_48e8;
const THERM_US: f64 = 1.054_804e8;
const WATT_DAY: f64 = 86_400.0;
const WATT_HOUR: f64 = 3_600.0;

/// In joules.
const ENERGY: Units = &[
    ("BritishThermalUnit", BTU),
    ("Calorie", CALORIE),
    ("DecathermEc", THERM_EC * 10.0),
    ("DecathermImperial", THERM_IMPERIAL * 10.0),
    ("DecathermUs", THERM_US * 10.0),
    ("ElectronVolt", ELECTRON_VOLT),
    ("Erg", 1e-7),
    ("FootPound", 1.355_817_948),
    ("GigabritishThermalUnit", BTU * 1e9),
    ("GigaelectronVolt", ELECTRON_VOLT * 1e9),
    ("Gigajoule", 1e9),
    ("GigawattDay", WATT_DAY * 1e9),
    ("GigawattHour", WATT_HOUR * 1e9),
    ("HorsepowerHour", 2.684_519_537_7e6),
    ("Joule", 1.0),
    ("KilobritishThermalUnit", BTU * 1e3),
    ("Kilocalorie", CALORIE * 1e3),
    ("KiloelectronVolt", ELECTRON_VOLT * 1e3),
    ("Kilojoule", 1e3),
    ("KilowattDay", WATT_DAY * 1e3),
    ("KilowattHour", WATT_HOUR * 1e3),
    ("MegabritishThermalUnit", BTU * 1e6),
    ("Megacalorie", CALORIE * 1e6),
    ("MegaelectronVolt", ELECTRON_VOLT * 1e6),
    ("Megajoule", 1e6),
    ("MegawattDay", WATT_DAY * 1e6),
    ("MegawattHour", WATT_HOUR * 1e6),
    ("Millijoule", 1e-3),
    ("TeraelectronVolt", ELECTRON_VOLT * 1e12),
    ("TerawattDay", WATT_DAY * 1e12),
    ("TerawattHour", WATT_HOUR * 1e12),
    ("ThermEc", THERM_EC),
    ("ThermImperial", THERM_IMPERIAL),
    ("ThermUs", THERM_US),
    ("WattDay", WATT_DAY),
    ("WattHour", WATT_HOUR),
];

const KILOGRAM_FORCE: f64 = 9.806_650_028_64;
const POUND_FORCE: f64 = 4.448_221_615_260_51;

/// In newtons.
const FORCE: Units = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KilogramForce", KILOGRAM_FORCE),
    ("Kilonewton", 1e3),
    ("KiloPond", KILOGRAM_FORCE),
    ("KilopoundForce", POUND_FORCE * 1e3),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("Poundal", 0.138_255_027_989_730_4),
    ("PoundForce", POUND_FORCE),
    ("ShortTonForce", 8_896.443_230_521),
    ("TonneForce", KILOGRAM_FORCE * 1e3),
];

const LIGHT_YEAR: f64 = 9.460_730_472_58e15;
const PARSEC: f64 = 3.085_677_581_28e16;
const US_SURVEY_FOOT: f64 = 1200.0 / 3937.0;

/// In metres.
const LENGTH: Units = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 1.495_978_707_00e11),
    ("Centimeter", 1e-2),
    ("Chain", 20.1168),
    ("DataMile", 1828.8),
    ("Decameter", 10.0),
    ("Decimeter", 1e-1),
    ("DtpPica", 1.0 / 236.220_472_441),
    ("DtpPoint", 0.0254 / 72.0),
    ("Fathom", 1.8288),
    ("Foot", 0.3048),
    ("Hand", 0.1016),
    ("Hectometer", 1e2),
    ("Inch", 0.0254),
    ("KilolightYear", LIGHT_YEAR * 1e3),
    ("Kilometer", 1e3),
    ("Kiloparsec", PARSEC * 1e3),
    ("LightYear", LIGHT_YEAR),
    ("MegalightYear", LIGHT_YEAR * 1e6),
    ("Megaparsec", PARSEC * 1e6),
    ("Meter", 1.0),
    ("Microinch", 2.54e-8),
    ("Micrometer", 1e-6),
    ("Mil", 2.54e-5),
    ("Mile", 1609.34),
    ("Millimeter", 1e-3),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Parsec", PARSEC),
    ("PrinterPica", 1.0 / 237.106_301_584),
    ("PrinterPoint", 0.0254 / 72.27),
    ("Shackle", 27.432),
    ("SolarRadius", 6.9551e8),
    ("Twip", 1.0 / 56_692.913_385_826),
    ("UsSurveyFoot", US_SURVEY_FOOT),
    ("Yard", 0.9144),
];

const POUND: f64 = 0.453_592_37;

/// In kilograms.
const MASS: Units = &[
    ("Centigram", 1e-5),
    ("Decagram", 1e-2),
    ("Decigram", 1e-4),
    ("EarthMass", 5.9722e24),
    ("Grain", 6.479_891e-5),
    ("Gram", 1e-3),
    ("Hectogram", 1e-1),
    ("Kilogram", 1.0),
    ("Kilopound", POUND * 1e3),
    ("Kilotonne", 1e6),
    ("LongHundredweight", 50.802_345_44),
    ("LongTon", 1_016.046_908_8),
    ("Megapound", POUND * 1e6),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", POUND / 16.0),
    ("Pound", POUND),
    ("ShortHundredweight", 45.359_237),
    ("ShortTon", 907.184_74),
    ("Slug", 14.593_902_937_206_4),
    ("SolarMass", 1.989_47e30),
    ("Stone", 6.350_293_18),
    ("Tonne", 1e3),
];

/// In metres a second.
const SPEED: Units = &[
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("CentimeterPerSecond", 1e-2),
    ("DecimeterPerMinute", 1e-1 / 60.0),
    ("DecimeterPerSecond", 1e-1),
    ("FootPerHour", 0.3048 / 3600.0),
    ("FootPerMinute", 0.3048 / 60.0),
    ("FootPerSecond", 0.3048),
    ("InchPerHour", 0.0254 / 3600.0),
    ("InchPerMinute", 0.0254 / 60.0),
    ("InchPerSecond", 0.0254),
    ("KilometerPerHour", 1.0 / 3.6),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("KilometerPerSecond", 1e3),
    ("Knot", 0.514_444),
    ("MeterPerHour", 1.0 / 3600.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("MeterPerSecond", 1.0),
    ("MicrometerPerMinute", 1e-6 / 60.0),
    ("MicrometerPerSecond", 1e-6),
    ("MilePerHour", 0.447_04),
    ("MillimeterPerHour", 1e-3 / 3600.0),
    ("MillimeterPerMinute", 1e-3 / 60.0),
    ("MillimeterPerSecond", 1e-3),
    ("NanometerPerMinute", 1e-9 / 60.0),
    ("NanometerPerSecond", 1e-9),
    ("UsSurveyFootPerHour", US_SURVEY_FOOT / 3600.0),
    ("UsSurveyFootPerMinute", US_SURVEY_FOOT / 60.0),
    ("UsSurveyFootPerSecond", US_SURVEY_FOOT),
    ("YardPerHour", 0.9144 / 3600.0),
    ("YardPerMinute", 0.9144 / 60.0),
    ("YardPerSecond", 0.9144),
];

const CUBIC_FOOT: f64 = 0.028_316_8;
const IMPERIAL_GALLON: f64 = 0.004_546_09;
const US_GALLON: f64 = 0.003_785_41;

/// In cubic metres.
const VOLUME: Units = &[
    ("AcreFoot", 1.0 / 0.000_810_714),
    ("AuTablespoon", 2e-5),
    ("BoardFoot", 2.359_737_216e-3),
    ("Centiliter", 1e-5),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicFoot", CUBIC_FOOT),
    ("CubicHectometer", 1e6),
    ("CubicInch", 1.6387e-5),
    ("CubicKilometer", 1e9),
    ("CubicMeter", 1.0),
    ("CubicMicrometer", 1e-18),
    ("CubicMile", 4.168_181_825_440_58e9),
    ("CubicMillimeter", 1e-9),
    ("CubicYard", 0.764_554_858),
    ("Decaliter", 1e-2),
    ("DecausGallon", US_GALLON * 10.0),
    ("Deciliter", 1e-4),
    ("DeciusGallon", US_GALLON * 1e-1),
    ("HectocubicFoot", CUBIC_FOOT * 1e2),
    ("HectocubicMeter", 1e2),
    ("Hectoliter", 1e-1),
    ("HectousGallon", US_GALLON * 1e2),
    ("ImperialBeerBarrel", 0.163_659_24),
    ("ImperialGallon", IMPERIAL_GALLON),
    ("ImperialOunce", 2.841_306_25e-5),
    ("ImperialPint", 5.682_612_5e-4),
    ("KilocubicFoot", CUBIC_FOOT * 1e3),
    ("KilocubicMeter", 1e3),
    ("KiloimperialGallon", IMPERIAL_GALLON * 1e3),
    ("Kiloliter", 1.0),
    ("KilousGallon", US_GALLON * 1e3),
    ("Liter", 1e-3),
    ("MegacubicFoot", CUBIC_FOOT * 1e6),
    ("MegaimperialGallon", IMPERIAL_GALLON * 1e6),
    ("Megaliter", 1e3),
    ("MegausGallon", US_GALLON * 1e6),
    ("MetricCup", 2.5e-4),
    ("MetricTeaspoon", 5e-6),
    ("Microliter", 1e-9),
    ("Milliliter", 1e-6),
    ("OilBarrel", 0.158_987_294_928),
    ("UkTablespoon", 1.5e-5),
    ("UsBeerBarrel", 0.117_347_765_8),
    ("UsCustomaryCup", 2.365_882_365e-4),
    ("UsGallon", US_GALLON),
    ("UsLegalCup", 2.4e-4),
    ("UsOunce", 2.957_352_956_253_76e-5),
    ("UsPint", 4.731_764_73e-4),
    ("UsQuart", 9.463_529_46e-4),
    ("UsTablespoon", 1.478_676_478_125e-5),
    ("UsTeaspoon", 4.928_921_593_75e-6),
];
