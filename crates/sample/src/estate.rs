//! What the company owns: its directory, hosts, Azure resources and AWS account.

use crate::dice::Dice;
use crate::people::Person;

const NAMES: &[(&str, &str)] = &[
    ("Quillmere Instruments", "quillmere"),
    ("Tarnbrook Cooperative", "tarnbrook"),
    ("Oskelund Paper", "oskelund"),
    ("Veldhaven Toolworks", "veldhaven"),
    ("Fennwick Marine", "fennwick"),
    ("Lindholt Orchards", "lindholt"),
];

/// A town people sign in from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

const HOME: &[[Place; 2]] = &[
    [
        Place {
            city: "Bremen",
            state: "Bremen",
            country: "DE",
            latitude: 53.07,
            longitude: 8.8,
        },
        Place {
            city: "Leipzig",
            state: "Sachsen",
            country: "DE",
            latitude: 51.34,
            longitude: 12.37,
        },
    ],
    [
        Place {
            city: "Aarhus",
            state: "Midtjylland",
            country: "DK",
            latitude: 56.16,
            longitude: 10.2,
        },
        Place {
            city: "Odense",
            state: "Syddanmark",
            country: "DK",
            latitude: 55.4,
            longitude: 10.39,
        },
    ],
    [
        Place {
            city: "Groningen",
            state: "Groningen",
            country: "NL",
            latitude: 53.22,
            longitude: 6.57,
        },
        Place {
            city: "Breda",
            state: "Noord-Brabant",
            country: "NL",
            latitude: 51.59,
            longitude: 4.78,
        },
    ],
];

/// Where intruders' addresses are registered; never a home country.
pub(crate) const ABROAD: &[Place] = &[
    Place {
        city: "Fortaleza",
        state: "Ceara",
        country: "BR",
        latitude: -3.73,
        longitude: -38.52,
    },
    Place {
        city: "Surabaya",
        state: "Jawa Timur",
        country: "ID",
        latitude: -7.26,
        longitude: 112.75,
    },
    Place {
        city: "Durban",
        state: "KwaZulu-Natal",
        country: "ZA",
        latitude: -29.86,
        longitude: 31.02,
    },
    Place {
        city: "Cebu City",
        state: "Cebu",
        country: "PH",
        latitude: 10.31,
        longitude: 123.89,
    },
];

/// The company and the identifiers of its directories and clouds.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    pub(crate) name: &'static str,
    pub(crate) dns: String,
    pub(crate) netbios: String,
    pub(crate) domain_sid: String,
    pub(crate) tenant_id: String,
    pub(crate) places: [Place; 2],
    /// Address of the office as the internet sees it.
    pub(crate) office_ip: String,
    /// Address of the company VPN's exit, in the home country.
    pub(crate) vpn_ip: String,
    /// Address the build runners leave from.
    pub(crate) runner_ip: String,
    /// Address of the published federation service.
    pub(crate) federation_ip: String,
}

impl Company {
    /// Draws the company.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let (name, word) = *dice.pick(NAMES);
        let part = |dice: &mut Dice| dice.between(1_000_000_000, 4_000_000_000);
        let domain_sid = format!("S-1-5-21-{}-{}-{}", part(dice), part(dice), part(dice));
        let net = dice.between(1, 5) * 40;
        Self {
            name,
            dns: format!("{word}.example"),
            netbios: word.to_uppercase(),
            domain_sid,
            tenant_id: dice.guid_text(),
            places: *dice.pick(HOME),
            office_ip: format!("192.0.2.{}", net + 1),
            vpn_ip: format!("192.0.2.{}", net + 2),
            runner_ip: format!("192.0.2.{}", net + 3),
            federation_ip: format!("192.0.2.{}", net + 10),
        }
    }
}

/// What a host is for; decides its criticality and what it logs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    DomainController,
    AdminWorkstation,
    Server,
    Linux,
    Workstation,
    Firewall,
}

/// A host on premises.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) fqdn: String,
    pub(crate) ip: String,
    pub(crate) role: Role,
    pub(crate) service: &'static str,
    /// The UPN of its user or owner.
    pub(crate) owner: String,
}

/// Windows servers and Linux hosts with the service each belongs to.
const SERVERS: &[(&str, Role, &str)] = &[
    ("DC01", Role::DomainController, "directory"),
    ("DC02", Role::DomainController, "directory"),
    ("PAW01", Role::AdminWorkstation, "administration"),
    ("PAW02", Role::AdminWorkstation, "administration"),
    ("PAW03", Role::AdminWorkstation, "administration"),
    ("FS01", Role::Server, "file-share"),
    ("SQL01", Role::Server, "erp"),
    ("ERP01", Role::Server, "erp"),
    ("FED01", Role::Server, "federation"),
    ("PRN01", Role::Server, "print"),
    ("BKP01", Role::Server, "backup"),
    ("web01", Role::Linux, "webshop"),
    ("web02", Role::Linux, "webshop"),
    ("db01", Role::Linux, "webshop"),
    ("git01", Role::Linux, "build"),
    ("ci01", Role::Linux, "build"),
    ("mon01", Role::Linux, "monitoring"),
    ("jump01", Role::Linux, "administration"),
    ("fw01", Role::Firewall, "network"),
];

/// Draws the hosts: the servers above, then one workstation for each person, in the same order.
pub(crate) fn draw_hosts(dice: &mut Dice, company: &Company, people: &[Person]) -> Vec<Host> {
    let prefix = &company.netbios[..2];
    let net = dice.between(16, 200);
    let host = |name: String, ip, role, service, owner| Host {
        fqdn: format!("{}.{}", name.to_lowercase(), company.dns),
        name,
        ip,
        role,
        service,
        owner,
    };
    let servers = SERVERS
        .iter()
        .enumerate()
        .map(|(index, (name, role, service))| {
            let name = match role {
                Role::Linux | Role::Firewall => (*name).to_owned(),
                _ => format!("{prefix}-{name}"),
            };
            let ip = format!("10.{net}.1.{}", index + 10);
            host(name, ip, *role, *service, people[3 + index % 4].upn.clone())
        });
    let mut hosts: Vec<Host> = servers.collect();
    let mut tag = dice.between(1_000, 3_000);
    for (index, person) in people.iter().enumerate() {
        tag += dice.between(1, 60);
        let ip = format!("10.{net}.20.{}", index + 20);
        hosts.push(host(
            format!("{prefix}-W{tag}"),
            ip,
            Role::Workstation,
            "office",
            person.upn.clone(),
        ));
    }
    hosts
}

/// An Azure virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) resource_id: String,
    pub(crate) vm_id: String,
    pub(crate) service: &'static str,
}

/// The Azure subscription.
#[derive(Clone, Debug)]
pub(crate) struct Azure {
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) machines: Vec<Machine>,
}

impl Azure {
    /// Draws the subscription and its machines.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let subscription = dice.guid_text();
        let group = format!("rg-prod-{}", dice.pick(&["weu", "neu", "gwc"]));
        let machines = [("vm-erp-01", "erp"), ("vm-erp-02", "erp"), ("vm-portal-01", "portal"), ("vm-portal-02", "portal"), ("vm-sync-01", "directory")]
            .iter()
            .map(|(name, service)| Machine {
                name: (*name).to_owned(),
                resource_id: format!(
                    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
                ),
                vm_id: dice.guid_text(),
                service,
            })
            .collect();
        Self {
            subscription,
            group,
            machines,
        }
    }
}

/// A role of the AWS account and the prefix of its sessions' principal ids.
#[derive(Clone, Debug)]
pub(crate) struct AwsRole {
    pub(crate) name: &'static str,
    pub(crate) id: String,
}

/// The AWS account.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    pub(crate) account: String,
    pub(crate) region: &'static str,
    pub(crate) saml_qualifier: String,
    /// Federated: operations, engineering; then automation: deployment, application, audit.
    pub(crate) roles: Vec<AwsRole>,
    /// An IAM user that no person should make keys for.
    pub(crate) iam_user: &'static str,
}

impl Aws {
    /// Draws the account.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let roles = [
            "CloudOperations",
            "Engineering",
            "DeployPipeline",
            "WebshopApplication",
            "ConfigAudit",
        ];
        Self {
            account: format!("9999{:08}", dice.between(10_000_000, 99_999_999)),
            region: ["eu-central-1", "eu-west-1", "eu-north-1"][dice.below(3)],
            saml_qualifier: format!("{}=", dice.base32(27)),
            roles: roles
                .iter()
                .map(|name| AwsRole {
                    name,
                    id: format!("AROA{}", dice.base32(17)),
                })
                .collect(),
            iam_user: ["backup-archiver", "report-mailer", "inventory-sync"][dice.below(3)],
        }
    }

    /// Gives the ARN of a session of `role`.
    pub(crate) fn session_arn(&self, role: &AwsRole, session: &str) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{session}",
            self.account, role.name
        )
    }
}
