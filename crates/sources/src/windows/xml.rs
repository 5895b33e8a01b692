//! Events as XML: reading what an EVTX record renders to, and writing the payload of events that
//! were shipped as JSON.

use quick_xml::Reader;
use quick_xml::escape::{partial_escape, resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event as XmlEvent};
use serde_json::Value as Json;

use super::WindowsRecord;
use crate::time::parse_time;

const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// Nesting beyond which an event counts as broken.
const MAX_DEPTH: usize = 64;

/// Reads one `<Event>` element (Windows event schema). The reason is for a person.
pub(crate) fn record_from_xml(xml: &str) -> Result<WindowsRecord, String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut walk = Walk::default();
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader
            .read_event()
            .map_err(|error| format!("XML: {error}"))?
        {
            XmlEvent::Start(start) => walk.open(&start, xml, before)?,
            XmlEvent::Empty(start) => {
                walk.open(&start, xml, before)?;
                let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
                walk.close(xml, after);
            }
            XmlEvent::End(_) => {
                let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
                walk.close(xml, after);
            }
            XmlEvent::Text(text) => walk.text.push_str(&text.into_inner()),
            XmlEvent::CData(data) => walk.text.push_str(&data.into_inner()),
            XmlEvent::GeneralRef(reference) => {
                let name = reference.borrow().into_inner();
                match reference.resolve_char_ref() {
                    Ok(Some(character)) => walk.text.push(character),
                    _ => match resolve_predefined_entity(&name) {
                        Some(text) => walk.text.push_str(text),
                        // An unknown reference stays as it was written.
                        None => walk.text.push_str(&format!("&{name};")),
                    },
                }
            }
            XmlEvent::Eof => break,
            _ => {}
        }
    }
    if walk.record.event_id.is_none() && walk.record.channel.is_empty() {
        return Err("XML: no `System` section with an event id".into());
    }
    Ok(walk.record)
}

/// State of the walk through one event: the path of open elements and the text since the last
/// tag.
#[derive(Default)]
struct Walk {
    record: WindowsRecord,
    path: Vec<Open>,
    text: String,
    /// Start of the payload in the XML, while it is open.
    payload_from: Option<usize>,
}

struct Open {
    name: String,
    data_name: Option<String>,
    has_children: bool,
}

impl Walk {
    fn open(&mut self, start: &BytesStart<'_>, xml: &str, at: usize) -> Result<(), String> {
        if self.path.len() >= MAX_DEPTH {
            return Err(format!("XML: nested deeper than {MAX_DEPTH}"));
        }
        if let Some(parent) = self.path.last_mut() {
            parent.has_children = true;
        }
        let name = start.local_name().as_ref().to_owned();
        let in_system = self.path.len() == 2 && self.path[1].name == "System";
        let mut data_name = None;
        for attribute in start.attributes().flatten() {
            let key = attribute.key.as_ref();
            let value = unescape(&attribute.value).unwrap_or_default().into_owned();
            if in_system {
                self.system_attribute(&name, key, value);
            } else if key == "Name" && name == "Data" {
                data_name = Some(value);
            }
        }
        if self.path.len() == 1 && name != "System" && name != "RenderingInfo" {
            debug_assert!(at <= xml.len());
            self.payload_from = Some(at);
        }
        self.text.clear();
        self.path.push(Open {
            name,
            data_name,
            has_children: false,
        });
        Ok(())
    }

    fn close(&mut self, xml: &str, after: usize) {
        let Some(open) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text);
        if self.path.len() == 1
            && let Some(from) = self.payload_from.take()
        {
            if let Some(payload) = xml.get(from..after) {
                self.record.payload = with_namespace(payload.trim(), &open.name);
            }
            return;
        }
        if open.has_children {
            return;
        }
        match self.path.get(1).map(|section| section.name.as_str()) {
            Some("System") => self.system_text(&open.name, &text),
            Some("RenderingInfo") if open.name == "Message" => self.record.message = text,
            Some("RenderingInfo") | None => {}
            Some(_) => match open.data_name {
                Some(name) => self.record.push_field(&name, text.into()),
                None if open.name == "Data" => self.record.unnamed.push(text),
                None => self.record.push_field(&open.name, text.into()),
            },
        }
    }

    fn system_attribute(&mut self, element: &str, key: &str, value: String) {
        let record = &mut self.record;
        match (element, key) {
            ("Provider", "Name") => record.provider = value,
            // Classic logs name only the event source.
            ("Provider", "EventSourceName") if record.provider.is_empty() => {
                record.provider = value
            }
            ("Provider", "Guid") => record.provider_guid = value,
            ("TimeCreated", "SystemTime") => record.time = parse_time(&value),
            ("Execution", "ProcessID") => record.process_id = value.parse().ok(),
            ("Execution", "ThreadID") => record.thread_id = value.parse().ok(),
            ("Security", "UserID") => record.user_sid = value,
            ("Correlation", "ActivityID") => record.activity_id = value,
            _ => {}
        }
    }

    fn system_text(&mut self, element: &str, text: &str) {
        let record = &mut self.record;
        let text = text.trim();
        match element {
            "EventID" => record.event_id = text.parse().ok(),
            "Version" => record.version = text.parse().ok(),
            "Level" => record.level = text.parse().ok(),
            "Task" => record.task = text.parse().ok(),
            "Opcode" => text.clone_into(&mut record.opcode),
            "Keywords" => text.clone_into(&mut record.keywords),
            "EventRecordID" => record.record_id = text.parse().ok(),
            "Channel" => text.clone_into(&mut record.channel),
            "Computer" => text.clone_into(&mut record.computer),
            _ => {}
        }
    }
}

/// Gives the payload's outermost element the namespace that the event had around it, as Log
/// Analytics stores it.
fn with_namespace(payload: &str, name: &str) -> String {
    let tag_end = payload.find('>').unwrap_or(payload.len());
    let tag = payload.get(..tag_end).unwrap_or(payload);
    if tag.contains("xmlns=") {
        return payload.to_owned();
    }
    match payload
        .strip_prefix('<')
        .and_then(|rest| rest.strip_prefix(name))
    {
        Some(rest) => format!("<{name} xmlns=\"{NAMESPACE}\"{rest}"),
        None => payload.to_owned(),
    }
}

/// Writes the payload of an event that came as JSON.
pub(crate) fn payload_xml(fields: &[(String, Json)], unnamed: &[String]) -> String {
    if fields.is_empty() && unnamed.is_empty() {
        return String::new();
    }
    let mut xml = format!("<EventData xmlns=\"{NAMESPACE}\">");
    for (name, value) in fields {
        let name = quick_xml::escape::escape(name.as_str());
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Null => String::new(),
            other => other.to_string(),
        };
        xml.push_str(&format!(
            "<Data Name=\"{name}\">{}</Data>",
            partial_escape(text.as_str())
        ));
    }
    for value in unnamed {
        xml.push_str(&format!("<Data>{}</Data>", partial_escape(value.as_str())));
    }
    xml.push_str("</EventData>");
    xml
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SYSMON: &str = "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System>\
        <Provider Name=\"Microsoft-Windows-Sysmon\" Guid=\"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}\"/>\
        <EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>\
        <Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime=\"2026-03-01T10:00:00.123456Z\"/>\
        <EventRecordID>77</EventRecordID><Correlation/><Execution ProcessID=\"10\" ThreadID=\"20\"/>\
        <Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1.corp.example</Computer>\
        <Security UserID=\"S-1-5-18\"/></System><EventData><Data Name=\"Image\">C:\\a &amp; b.exe</Data>\
        <Data Name=\"CommandLine\">x &lt;y&gt; &quot;z&quot;</Data><Data Name=\"Hash\"></Data></EventData></Event>";

    #[test]
    fn system_properties_and_data_are_read() {
        let record = record_from_xml(SYSMON).unwrap();
        assert_eq!(record.event_id, Some(1));
        assert_eq!(record.record_id, Some(77));
        assert_eq!(record.provider, "Microsoft-Windows-Sysmon");
        assert_eq!(record.field("Image"), "C:\\a & b.exe");
        assert_eq!(record.field("CommandLine"), "x <y> \"z\"");
        assert_eq!(record.fields.len(), 3);
        assert_eq!(record.user_sid, "S-1-5-18");
        assert!(
            record.payload.starts_with("<EventData xmlns="),
            "{}",
            record.payload
        );
        assert!(
            record
                .payload
                .contains("<Data Name=\"Image\">C:\\a &amp; b.exe</Data>")
        );
    }

    #[test]
    fn user_data_gives_its_leaves_and_data_may_have_no_name() {
        let xml = "<Event><System><EventID>1102</EventID><Channel>Security</Channel></System><UserData>\
            <LogFileCleared xmlns=\"http://manifests.microsoft.com/x\"><SubjectUserName>ann</SubjectUserName>\
            </LogFileCleared></UserData></Event>";
        let record = record_from_xml(xml).unwrap();
        assert_eq!(record.field("SubjectUserName"), "ann");
        let xml = "<Event><System><EventID>3</EventID></System><EventData><Data>one</Data><Data>two</Data>\
            <Binary>00</Binary></EventData></Event>";
        let record = record_from_xml(xml).unwrap();
        assert_eq!(record.unnamed, ["one", "two"]);
        assert_eq!(record.field("Binary"), "00");
    }

    #[test]
    fn broken_xml_is_an_error() {
        for xml in [
            "",
            "<Event>",
            "<Event><System></Event>",
            "no xml",
            "<a></b>",
        ] {
            assert!(record_from_xml(xml).is_err(), "{xml}");
        }
        assert!(record_from_xml(&"<a>".repeat(10_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_an_error_or_a_record(text in ".{0,200}") {
            let _ = record_from_xml(&text);
        }

        #[test]
        fn a_written_payload_reads_back(value in "[^\\r]{0,40}", name in "[A-Za-z ]{1,10}") {
            let payload = payload_xml(&[(name.clone(), value.clone().into())], &[]);
            let xml = format!("<Event><System><EventID>1</EventID></System>{payload}</Event>");
            let record = record_from_xml(&xml).unwrap();
            proptest::prop_assert_eq!(record.field(&name), value);
        }
    }
}
