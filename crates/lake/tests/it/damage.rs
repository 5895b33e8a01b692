//! The lake's own documents (ledger with its receipts, cursors, identity, columns) on a bad disk:
//! damage is refused with the file's name, or has changed nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::harness::*;
use lake::{Clock, Lake, LakeError, ManualClock, ReceiptKey, ReceiptKind, ReceiptPart};
use proptest::prelude::*;
use proptest::sample::Index;
use schema::{Column, ColumnType, TableSchema};

/// An eighth of the cases proptest is asked for: each opens a lake.
fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: (asked.cases / 8).max(1),
        ..asked
    }
}

const CUSTOM: &str = "Badges_CL";

fn key(of: u8) -> ReceiptKey {
    ReceiptKey {
        kind: [ReceiptKind::File, ReceiptKind::Http][usize::from(of % 2)],
        hash: [of; 32],
    }
}

/// All that a lake answers from its documents.
#[derive(Debug, PartialEq)]
struct Answers {
    ids: Vec<usize>,
    receipts: Vec<Option<lake::Receipt>>,
    cursors: Vec<(String, u64)>,
    usage: Vec<lake::Usage>,
    sources: Vec<lake::SourceStats>,
    intake: Vec<lake::SourceCounts>,
    position: u64,
    custom: Vec<TableSchema>,
}

async fn answers(lake: &Lake) -> Answers {
    let stats = lake.stats();
    let custom = lake.custom_tables();
    Answers {
        ids: ids(lake).await,
        receipts: (0..6).map(|of| lake.receipt(&key(of))).collect(),
        cursors: lake.cursors(),
        usage: lake.usage(),
        sources: stats.sources,
        intake: stats.intake,
        position: stats.position,
        custom: custom.iter().map(|table| table.as_ref().clone()).collect(),
    }
}

/// A closed lake whose log was trimmed: what the ledger says is nowhere else.
struct Closed {
    _root: tempfile::TempDir,
    dir: PathBuf,
    documents: Vec<PathBuf>,
    answers: Answers,
}

fn closed() -> Closed {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let t = new_lake_with(|options| options.segment_bytes = 2_000);
    runtime.block_on(async {
        let column = Column {
            name: "Badge".into(),
            ty: ColumnType::Guid,
        };
        t.lake
            .define_table(&TableSchema::new(CUSTOM, vec![column]).with_standard_columns())
            .unwrap();
        for of in 0..4_u8 {
            let now = t.clock.now();
            let first = usize::from(of) * 5;
            let part = ReceiptPart {
                key: key(of),
                from: 0,
                to: 5,
                last: of % 3 != 0,
            };
            let frame = frame_with(part, syslog(first, 5, now), now);
            t.lake.append(frame).await.unwrap();
            t.clock.advance(jiff::SignedDuration::from_hours(7));
        }
        let mut reader = t.lake.stream("sigma").unwrap();
        let mut last = 0;
        while let Some(frame) = reader.try_next().unwrap() {
            last = frame.position;
        }
        reader.commit(last).unwrap();
        t.lake.flush().await.unwrap();
        // A tail that is in the log only.
        append(&t, 20, 3).await;
    });
    let dir = t.dir();
    let TestLake { root, clock, lake } = t;
    drop(lake);
    let lake = open(&dir, &clock).unwrap();
    let answers = runtime.block_on(answers(&lake));
    drop(lake);
    let documents = [
        "ledger.json",
        "lake.json",
        "cursors/sigma.json",
        "tables/Badges_CL/_watchfloor/columns.json",
    ];
    let documents: Vec<PathBuf> = documents.iter().map(PathBuf::from).collect();
    for document in &documents {
        assert!(dir.join(document).exists(), "{}", document.display());
    }
    assert_eq!(answers.ids, (0..23).collect::<Vec<_>>());
    assert_eq!(answers.receipts.iter().flatten().count(), 4);
    assert_eq!((answers.cursors.len(), answers.custom.len()), (1, 1));
    Closed {
        _root: root,
        dir,
        documents,
        answers,
    }
}

fn open(dir: &Path, clock: &ManualClock) -> Result<Lake, LakeError> {
    Lake::open(options(dir), Arc::new(clock.clone()))
}

/// What a bad disk or a hand makes of a file.
#[derive(Debug, Clone)]
enum Harm {
    Bits { at: Index, bits: u8 },
    Byte { at: Index, byte: u8 },
    Lost { at: Index, count: usize },
    Cut { at: Index },
    More { bytes: Vec<u8> },
    Zeros { at: Index },
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), 1_u8..).prop_map(|(at, bits)| Harm::Bits { at, bits }),
        3 => (at(), prop::sample::select(b"0123456789{}[],:\"\n ".to_vec())).prop_map(|(at, byte)| Harm::Byte { at, byte }),
        2 => (at(), 1_usize..40).prop_map(|(at, count)| Harm::Lost { at, count }),
        2 => at().prop_map(|at| Harm::Cut { at }),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| Harm::More { bytes }),
        1 => at().prop_map(|at| Harm::Zeros { at }),
    ]
}

fn harmed(bytes: &[u8], harm: &Harm) -> Vec<u8> {
    let mut out = bytes.to_vec();
    match harm {
        Harm::Bits { at, bits } => out[at.index(bytes.len())] ^= bits,
        Harm::Byte { at, byte } => out[at.index(bytes.len())] = *byte,
        Harm::Lost { at, count } => {
            let from = at.index(bytes.len());
            out.drain(from..(from + count).min(bytes.len()));
        }
        Harm::Cut { at } => out.truncate(at.index(bytes.len())),
        Harm::More { bytes } => out.extend_from_slice(bytes),
        Harm::Zeros { at } => out[at.index(bytes.len())..].fill(0),
    }
    out
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_damaged_document_is_refused_by_its_name_or_has_changed_nothing(
        document in any::<Index>(),
        harm in harm(),
    ) {
        thread_local!(static CLOSED: Closed = closed());
        CLOSED.with(|closed| {
            let document = &closed.documents[document.index(closed.documents.len())];
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("lake");
            copy_dir(&closed.dir, &dir);
            let path = dir.join(document);
            std::fs::write(&path, harmed(&std::fs::read(&path).unwrap(), &harm)).unwrap();
            match open(&dir, &ManualClock::new(start() + jiff::SignedDuration::from_hours(28))) {
                Ok(lake) => {
                    let runtime = tokio::runtime::Runtime::new().unwrap();
                    assert_eq!(runtime.block_on(answers(&lake)), closed.answers, "{document:?}");
                }
                Err(LakeError::Corrupt { file, .. } | LakeError::NewerFormat { path: file, .. }) => {
                    assert_eq!(file, path);
                }
                Err(other) => panic!("{document:?}: {other}"),
            }
        });
    }
}
