//! A disk as it may be after the power went: what is durable, and what was done since and may be there or not.
//!
//! It promises no more than POSIX does. A sync of a file makes its contents durable and not its name; a sync of a
//! folder makes the names in it durable and neither the folder's own name nor what is in its files. Whatever was not
//! synced is there or not, each write and each name apart, in any order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sync_server::testing::SeededChance;

/// A file or folder, numbered in the order in which they were made; the recorded folder itself is 0.
pub(crate) type Node = usize;

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    MakeFile {
        folder: Node,
        name: String,
        node: Node,
    },
    MakeFolder {
        folder: Node,
        name: String,
        node: Node,
    },
    Rename {
        from: (Node, String),
        to: (Node, String),
    },
    Remove {
        folder: Node,
        name: String,
    },
    Write {
        node: Node,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        node: Node,
        length: usize,
    },
    Sync {
        node: Node,
    },
    /// The server is started anew.
    Started,
    /// The server answered that a photo's bytes are durable.
    Stored {
        photo: usize,
    },
    /// The server answered that so much of a photo's upload is durable.
    Told {
        photo: usize,
        place: String,
        offset: usize,
    },
}

/// Which syncs are worth nothing: all goes as if the server did not make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    /// Those of the photos' files.
    PhotoFiles,
    /// Those of the folders that photos lie in.
    PhotoFolders,
    /// Those of the folder that holds these folders.
    FolderOfFolders,
    /// Those of the folders above.
    OuterFolders,
    /// Those of the database's files.
    Database,
}

/// One change of a folder's names: what goes and what comes, in one step.
#[derive(Debug, Clone)]
struct Renamed {
    gone: Option<String>,
    come: Option<(String, Node)>,
}

/// What a file or folder holds for certain, and what was done to it since.
#[derive(Debug, Clone)]
enum Content {
    File {
        durable: Vec<u8>,
        pending: Vec<Event>,
    },
    Folder {
        durable: BTreeMap<String, Node>,
        pending: Vec<Renamed>,
    },
}

/// All files and folders, reachable by a durable name or not, with the paths that they were made under.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    nodes: Vec<(String, Content)>,
    without: Without,
}

impl Disk {
    /// With nothing but the folder that is recorded.
    pub(crate) fn new(without: Without) -> Self {
        let nodes = vec![(String::new(), Content::folder())];
        Self { nodes, without }
    }

    /// Takes in what happened next.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::MakeFile { folder, name, node } => self.make(*folder, name, *node, Content::file()),
            Event::MakeFolder { folder, name, node } => self.make(*folder, name, *node, Content::folder()),
            Event::Rename { from, to } => {
                assert_eq!(from.0, to.0, "nothing moves between folders");
                let node = self.names_now(from.0)[&from.1];
                let (gone, come) = (Some(from.1.clone()), Some((to.1.clone(), node)));
                self.rename(from.0, Renamed { gone, come });
            }
            Event::Remove { folder, name } => {
                let gone = Some(name.clone());
                self.rename(*folder, Renamed { gone, come: None });
            }
            Event::Write { node, .. } | Event::Truncate { node, .. } => match &mut self.nodes[*node].1 {
                Content::File { pending, .. } => pending.push(event.clone()),
                Content::Folder { .. } => unreachable!("a folder is not written to"),
            },
            Event::Sync { node } if self.counts(*node) => self.nodes[*node].1.sync(),
            Event::Sync { .. } | Event::Started | Event::Stored { .. } | Event::Told { .. } => {}
        }
    }

    fn make(&mut self, folder: Node, name: &str, node: Node, content: Content) {
        assert_eq!(node, self.nodes.len(), "nodes are numbered as they are made");
        let path = format!("{}/{name}", self.nodes[folder].0);
        self.nodes.push((path, content));
        let come = Some((name.to_owned(), node));
        self.rename(folder, Renamed { gone: None, come });
    }

    fn rename(&mut self, folder: Node, renamed: Renamed) {
        match &mut self.nodes[folder].1 {
            Content::Folder { pending, .. } => pending.push(renamed),
            Content::File { .. } => unreachable!("a file holds no names"),
        }
    }

    fn names_now(&self, folder: Node) -> BTreeMap<String, Node> {
        let mut content = self.nodes[folder].1.clone();
        content.sync();
        match content {
            Content::Folder { durable, .. } => durable,
            Content::File { .. } => unreachable!("a file holds no names"),
        }
    }

    fn counts(&self, node: Node) -> bool {
        let (path, content) = &self.nodes[node];
        let is_file = matches!(content, Content::File { .. });
        let kind = match path.split_once("/photos") {
            Some((_, "")) => Without::FolderOfFolders,
            Some(_) if is_file => Without::PhotoFiles,
            Some(_) => Without::PhotoFolders,
            None if is_file => Without::Database,
            None => Without::OuterFolders,
        };
        kind != self.without
    }

    /// How many files and folders have changes that may be lost.
    pub(crate) fn unsynced(&self) -> u64 {
        let unsynced = self.nodes.iter().filter(|(_, content)| match content {
            Content::File { pending, .. } => !pending.is_empty(),
            Content::Folder { pending, .. } => !pending.is_empty(),
        });
        unsynced.count() as u64
    }

    /// Puts into `place` what may be there after the power went: of what was not synced nothing, or each change or not.
    pub(crate) fn lose_power(&self, place: &Path, chance: &SeededChance) {
        let keeps_some = chance.below(3) > 0;
        let left = |content: &Content| match keeps_some {
            true => content.after_power_loss(chance),
            false => content.clone(),
        };
        let left: Vec<_> = self.nodes.iter().map(|(_, content)| left(content)).collect();
        put(&left, 0, place);
    }

    /// Whether `place` is as it is here while the power is on.
    pub(crate) fn is_like(&self, place: &Path) -> bool {
        let mut now = self.clone();
        now.nodes.iter_mut().for_each(|(_, content)| content.sync());
        now.is_node_like(0, place)
    }

    fn is_node_like(&self, node: Node, place: &Path) -> bool {
        match &self.nodes[node].1 {
            // What is written there goes through memory, and is made anew at each start.
            Content::File { .. } if place.to_string_lossy().ends_with("-shm") => true,
            Content::File { durable, .. } => fs::read(place).is_ok_and(|bytes| bytes == *durable),
            Content::Folder { durable, .. } => {
                let count = fs::read_dir(place).map_or(0, Iterator::count);
                let mut names = durable.iter();
                count == durable.len()
                    && names.all(|(name, node)| self.is_node_like(*node, &place.join(name)))
            }
        }
    }
}

fn put(contents: &[Content], node: Node, place: &Path) {
    match &contents[node] {
        Content::File { durable, .. } => fs::write(place, durable).unwrap(),
        Content::Folder { durable, .. } => {
            fs::create_dir_all(place).unwrap();
            for (name, node) in durable {
                put(contents, *node, &place.join(name));
            }
        }
    }
}

impl Content {
    fn file() -> Self {
        let (durable, pending) = (Vec::new(), Vec::new());
        Self::File { durable, pending }
    }

    fn folder() -> Self {
        let (durable, pending) = (BTreeMap::new(), Vec::new());
        Self::Folder { durable, pending }
    }

    fn sync(&mut self) {
        match self {
            Self::File { durable, pending } => {
                for event in pending.drain(..) {
                    change(durable, &event, usize::MAX);
                }
            }
            Self::Folder { durable, pending } => {
                for renamed in pending.drain(..) {
                    rename(durable, renamed);
                }
            }
        }
    }

    /// Each change or not, the last one of a file torn.
    fn after_power_loss(&self, chance: &SeededChance) -> Self {
        let mut left = self.clone();
        match &mut left {
            Self::File { durable, pending } => {
                let last = pending.pop();
                for event in pending.drain(..).filter(|_| chance.below(2) == 0) {
                    change(durable, &event, usize::MAX);
                }
                if let Some(event) = last {
                    let length = usize::try_from(chance.below(8_192)).unwrap();
                    change(durable, &event, length);
                }
            }
            Self::Folder { durable, pending } => {
                for renamed in pending.drain(..).filter(|_| chance.below(2) == 0) {
                    rename(durable, renamed);
                }
            }
        }
        left
    }
}

fn rename(names: &mut BTreeMap<String, Node>, renamed: Renamed) {
    if let Some(name) = renamed.gone {
        names.remove(&name);
    }
    names.extend(renamed.come);
}

fn change(file: &mut Vec<u8>, event: &Event, length_max: usize) {
    match event {
        Event::Write { offset, bytes, .. } => {
            let bytes = bytes.get(..length_max).unwrap_or(bytes);
            let end = offset + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[*offset..end].copy_from_slice(bytes);
        }
        Event::Truncate { length, .. } => file.resize(*length, 0),
        _ => unreachable!("not a change of a file"),
    }
}
