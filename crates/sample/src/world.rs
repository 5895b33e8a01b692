//! The whole setting of a sample: company, people, hosts, clouds, the window of time, and who is
//! who in the story. Everything else reads it; nothing changes it.

use crate::Options;
use crate::clock::Window;
use crate::dice::Dice;
use crate::estate::{ABROAD, Aws, AwsRole, Azure, Company, Host, Place, Role, draw_hosts};
use crate::people::{Person, draw, draw_services};

/// The setting.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) window: Window,
    pub(crate) company: Company,
    pub(crate) people: Vec<Person>,
    pub(crate) services: Vec<Person>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) azure: Azure,
    pub(crate) aws: Aws,
    pub(crate) cast: Cast,
}

/// Who and what the intrusions touch.
pub(crate) struct Cast {
    /// Index of the hybrid intrusion's victim, who works in IT Operations.
    pub(crate) victim: usize,
    /// Where the spray and the cloud sign-in come from.
    pub(crate) spray_ip: String,
    /// Where the AWS session comes from.
    pub(crate) cloud_ip: String,
    /// Where the address databases place the spray's address.
    pub(crate) spray_place: Place,
    pub(crate) cloud_place: Place,
    /// The admin workstation reached.
    pub(crate) admin_host: usize,
    /// The address the victim's VPN session had inside.
    pub(crate) inside_ip: String,
    /// The Azure machine reached.
    pub(crate) machine: usize,
    /// Index of the second intrusion's victim, who works in Finance or Sales.
    pub(crate) second_victim: usize,
    /// Where the second intruder's payload came from.
    pub(crate) second_ip: String,
}

impl World {
    /// Draws the setting for the options.
    pub(crate) fn draw(options: &Options) -> Self {
        let mut dice = Dice::new(options.seed, "world");
        let company = Company::draw(&mut dice);
        let people = draw(&mut dice, &company.dns, &company.domain_sid);
        let services = draw_services(&mut dice, &company.dns, &company.domain_sid, &people[3]);
        let hosts = draw_hosts(&mut dice, &company, &people);
        let azure = Azure::draw(&mut dice);
        let aws = Aws::draw(&mut dice);
        let cast = Cast::draw(&mut dice, &people, &hosts, &azure);
        Self {
            seed: options.seed,
            window: Window::new(options.end, options.shift_to),
            company,
            people,
            services,
            hosts,
            azure,
            aws,
            cast,
        }
    }

    /// Opens the dice for one part of the generator.
    pub(crate) fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed, purpose)
    }

    /// The victim of the hybrid intrusion.
    pub(crate) fn victim(&self) -> &Person {
        &self.people[self.cast.victim]
    }

    /// The victim of the second intrusion.
    pub(crate) fn second_victim(&self) -> &Person {
        &self.people[self.cast.second_victim]
    }

    /// The workstation of the person at `index`.
    pub(crate) fn workstation(&self, index: usize) -> &Host {
        &self.hosts[self.hosts.len() - self.people.len() + index]
    }

    /// The hosts of one role, in order.
    pub(crate) fn of_role(&self, role: Role) -> Vec<&Host> {
        self.hosts.iter().filter(|host| host.role == role).collect()
    }

    /// The host whose name ends with `suffix`; the first host when there is none.
    pub(crate) fn host(&self, suffix: &str) -> &Host {
        let found = self.hosts.iter().find(|host| host.name.ends_with(suffix));
        found.unwrap_or(&self.hosts[0])
    }

    /// The AWS role people of a department assume through the federation, if they have one.
    pub(crate) fn federated_role(&self, person: &Person) -> Option<&AwsRole> {
        match person.department {
            "IT Operations" => Some(&self.aws.roles[0]),
            "Engineering" => Some(&self.aws.roles[1]),
            _ => None,
        }
    }

    /// A person's name as Windows prints it: `DOMAIN\account`.
    pub(crate) fn nt_name(&self, person: &Person) -> String {
        format!("{}\\{}", self.company.netbios, person.sam)
    }
}

impl Cast {
    fn draw(dice: &mut Dice, people: &[Person], hosts: &[Host], azure: &Azure) -> Self {
        let member = |dice: &mut Dice, departments: &[&str]| {
            let able: Vec<usize> = (0..people.len())
                .filter(|&index| departments.contains(&people[index].department))
                .collect();
            *dice.pick(&able)
        };
        let admin: Vec<usize> = (0..hosts.len())
            .filter(|&index| hosts[index].role == Role::AdminWorkstation)
            .collect();
        let places = dice.below(ABROAD.len());
        Self {
            victim: member(dice, &["IT Operations"]),
            spray_ip: format!("203.0.113.{}", dice.between(2, 250)),
            cloud_ip: format!("198.51.100.{}", dice.between(2, 110)),
            spray_place: ABROAD[places],
            cloud_place: ABROAD[(places + 1) % ABROAD.len()],
            admin_host: *dice.pick(&admin),
            inside_ip: format!("10.250.{}.{}", dice.between(1, 9), dice.between(10, 240)),
            machine: dice.below(azure.machines.len()),
            second_victim: member(dice, &["Finance", "Sales"]),
            second_ip: format!("198.51.100.{}", dice.between(130, 250)),
        }
    }
}
