//! The people of the fictitious company and the accounts each of them has.

use crate::dice::Dice;

/// How many people work there.
pub(crate) const PEOPLE: usize = 60;

const GIVEN: &[&str] = &[
    "Agnes", "Bastian", "Cécile", "Dagny", "Emre", "Fiona", "Goran", "Håkon", "Ines", "Jorun",
    "Katja", "Leander", "Maëlle", "Nils", "Odile", "Pavel", "Quirin", "Renske", "Søren", "Tamsin",
    "Ulla", "Vito", "Wiebke", "Xenia", "Yannick", "Zoë", "Anselm", "Britta", "Carsten", "Delia",
    "Ewa", "Frode", "Gudrun", "Hanno", "Ilse", "Jürgen",
];
const FAMILY: &[&str] = &[
    "Aldenhoff",
    "Brackwater",
    "Crombie",
    "Dünhaupt",
    "Ekström",
    "Fennimore",
    "Grönvall",
    "Hasselbring",
    "Iversby",
    "Jankauskas",
    "Kettlewell",
    "Lindqvist",
    "Møllgaard",
    "Nordquist",
    "Oosterbeek",
    "Pellworm",
    "Quast",
    "Rasch",
    "Sternquist",
    "Tolliver",
    "Uhlenbrock",
    "Vesterholm",
    "Wendelboe",
    "Yxkull",
    "Zandvliet",
    "Ashgrove",
    "Birkeland",
    "Corvey",
    "Dahlbeck",
    "Eschweiler",
    "Falkenrath",
    "Gildersleve",
    "Holtermann",
    "Isfeldt",
];

/// Department, head count, and the privileged role its people have in the directory.
const DEPARTMENTS: &[(&str, usize, &str, &str)] = &[
    ("Executive", 3, "", "executive"),
    ("Infrastructure", 4, "Domain Administrator", "privileged"),
    ("IT Operations", 7, "Helpdesk Administrator", "privileged"),
    ("Engineering", 14, "", "none"),
    ("Finance", 8, "", "none"),
    ("Sales", 12, "", "none"),
    ("Logistics", 8, "", "none"),
    ("People", 4, "", "none"),
];

/// A person, or a service account of the on-premises directory.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) display: String,
    pub(crate) sam: String,
    pub(crate) upn: String,
    pub(crate) sid: String,
    /// Object id in Entra ID; empty for a service account, which is not synchronised.
    pub(crate) object_id: String,
    /// What the federation passes to AWS as the role session name.
    pub(crate) employee_no: String,
    pub(crate) department: &'static str,
    pub(crate) privileged_role: &'static str,
    pub(crate) sensitivity: &'static str,
    pub(crate) manager: String,
    /// Index of the person's place (see `estate::Company::places`).
    pub(crate) place: usize,
    /// The address of the person's line at home.
    pub(crate) home_ip: String,
}

/// Draws the people. The first one leads; each department's first one reports to them.
pub(crate) fn draw(dice: &mut Dice, dns: &str, domain_sid: &str) -> Vec<Person> {
    let mut names: Vec<(usize, usize)> = (0..GIVEN.len())
        .flat_map(|given| (0..FAMILY.len()).map(move |family| (given, family)))
        .collect();
    dice.shuffle(&mut names);
    let mut people: Vec<Person> = Vec::with_capacity(PEOPLE);
    let mut rid = dice.between(1_104, 1_400);
    let mut number = dice.between(20_100, 48_000);
    for (department, head_count, role, sensitivity) in DEPARTMENTS {
        let lead = people.len();
        for member in 0..*head_count {
            let sam = loop {
                let (given, family) = names.pop().unwrap_or((0, 0));
                let sam = sam_name(GIVEN[given], FAMILY[family]);
                if people.iter().all(|person| person.sam != sam) {
                    break (sam, format!("{} {}", GIVEN[given], FAMILY[family]));
                }
            };
            let (sam, display) = sam;
            rid += dice.between(1, 9);
            number += dice.between(3, 41);
            let boss = if member == 0 { 0 } else { lead };
            let manager = if people.is_empty() {
                String::new()
            } else {
                people[boss].upn.clone()
            };
            people.push(Person {
                upn: format!("{sam}@{dns}"),
                sid: format!("{domain_sid}-{rid}"),
                object_id: dice.guid_text(),
                employee_no: format!("e{number}"),
                privileged_role: role,
                sensitivity,
                place: usize::from(dice.chance(20)),
                home_ip: format!("198.18.{}.{}", people.len() + 10, dice.between(2, 250)),
                display,
                sam,
                department,
                manager,
            });
        }
    }
    people
}

/// Draws the service accounts of the on-premises directory.
pub(crate) fn draw_services(
    dice: &mut Dice,
    dns: &str,
    domain_sid: &str,
    owner: &Person,
) -> Vec<Person> {
    let mut rid = 2_200;
    ["svc-backup", "svc-sql", "svc-scan", "svc-print"]
        .iter()
        .map(|sam| {
            rid += dice.between(1, 9);
            Person {
                display: format!("Service {}", &sam[4..]),
                sam: (*sam).to_owned(),
                upn: format!("{sam}@{dns}"),
                sid: format!("{domain_sid}-{rid}"),
                object_id: String::new(),
                employee_no: String::new(),
                department: "Infrastructure",
                privileged_role: "",
                sensitivity: "service",
                manager: owner.upn.clone(),
                place: 0,
                home_ip: String::new(),
            }
        })
        .collect()
}

/// Builds `g.family` in ASCII, at most 20 characters as Windows demands.
fn sam_name(given: &str, family: &str) -> String {
    let ascii = |text: &str| -> String {
        text.chars()
            .map(
                |letter| match letter.to_lowercase().next().unwrap_or(letter) {
                    'é' | 'ë' => 'e',
                    'å' => 'a',
                    'ø' | 'ö' => 'o',
                    'ü' => 'u',
                    other => other,
                },
            )
            .collect()
    };
    let given = ascii(given);
    let mut sam = format!("{}.{}", &given[..1], ascii(family));
    sam.truncate(20);
    sam
}
