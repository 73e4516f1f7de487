//! What memory this process may still take, as the kernel tells it: by the limits of the process, of its control groups,
//! and of the host.

use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What bounds the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `RLIMIT_AS`.
    AddressSpace,
    /// `RLIMIT_DATA`.
    Data,
    /// A control group that the process is in, or one around it.
    ControlGroup,
    /// What the host promises and what it has.
    Host,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressSpace => "the limit of the address space (ulimit -v, LimitAS=)",
            Self::Data => "the limit of the data (ulimit -d, LimitDATA=)",
            Self::ControlGroup => "the limit of the control group (MemoryMax=, a container's)",
            Self::Host => "what the host has",
        })
    }
}

/// Octets that are left, and what bounds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) octets: usize,
    pub(super) bound: Bound,
}

/// How much is wanted: a little is found in what threads have reserved, where more is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Little,
    Much,
}

/// By the narrowest bound, of a system whose files are below `root`. None: it does not say.
pub(super) fn left(root: &Path, want: Want) -> Option<Left> {
    let space = match want {
        Want::Much => &["VmSize"][..],
        Want::Little => &["VmData", "VmStk", "VmExe", "VmLib"],
    };
    let bounds = [
        (
            limited(root, "Max address space", space),
            Bound::AddressSpace,
        ),
        (limited(root, "Max data size", &["VmData"]), Bound::Data),
        (in_groups(root), Bound::ControlGroup),
        (on_host(root), Bound::Host),
    ];
    let known = bounds
        .into_iter()
        .filter_map(|(octets, bound)| octets.map(|octets| Left { octets, bound }));
    known.min_by_key(|left| left.octets)
}

/// A limit of the process, less what it has of that.
fn limited(root: &Path, limit: &str, used: &[&str]) -> Option<usize> {
    let limits = read(root.join("proc/self/limits"))?;
    let soft = limits.lines().find_map(|line| line.strip_prefix(limit))?;
    let limit: usize = soft.split_whitespace().next()?.parse().ok()?; // "unlimited" is no number
    let status = read(root.join("proc/self/status"))?;
    let used: usize = used
        .iter()
        .filter_map(|name| kibibytes(&status, name))
        .sum();
    Some(limit.saturating_sub(used))
}

/// What programs can get without swapping; where the host promises no more than it has, what it has not promised yet.
fn on_host(root: &Path) -> Option<usize> {
    let told = read(root.join("proc/meminfo"))?;
    let available = kibibytes(&told, "MemAvailable")?;
    if read(root.join("proc/sys/vm/overcommit_memory"))?.trim() != "2" {
        return Some(available);
    }
    let used = kibibytes(&told, "Committed_AS")?;
    let limit = kibibytes(&told, "CommitLimit")?;
    Some(available.min(limit.saturating_sub(used)))
}

/// The number behind a name, as octets.
fn kibibytes(text: &str, name: &str) -> Option<usize> {
    field(text, name, ':')?.checked_mul(1024)
}

/// The number behind a name and what separates it.
fn field(text: &str, name: &str, separator: char) -> Option<usize> {
    let rest = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix(separator)?.to_owned());
    let rest = text.lines().find_map(rest)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// By the narrowest group around the process, of either version of control groups.
fn in_groups(root: &Path) -> Option<usize> {
    let groups = read(root.join("proc/self/cgroup"))?;
    let lines = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, group) = rest.split_once(':')?;
        let kind = match controllers {
            "" => &UNIFIED,
            _ if controllers.split(',').any(|it| it == "memory") => &LEGACY,
            _ => return None,
        };
        kind.narrowest(root, Path::new(group))
    });
    lines.min()
}

/// Where a version of control groups keeps what it knows of memory.
struct Kind {
    mount: &'static str,
    limits: &'static [&'static str],
    used: &'static str,
    /// In `memory.stat`: pages of files, which are given back before anybody is ended.
    cached: [&'static str; 2],
}

const UNIFIED: Kind = Kind {
    mount: "sys/fs/cgroup",
    limits: &["memory.max", "memory.high"],
    used: "memory.current",
    cached: ["inactive_file", "active_file"],
};

const LEGACY: Kind = Kind {
    mount: "sys/fs/cgroup/memory",
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    cached: ["total_inactive_file", "total_active_file"],
};

impl Kind {
    /// Of the group and all around it. In a container the path may be that of the host, of which only the end of
    /// the walk is there.
    fn narrowest(&self, root: &Path, group: &Path) -> Option<usize> {
        let parts = group.components();
        let inside: PathBuf = parts
            .filter(|it| matches!(it, Component::Normal(_)))
            .collect();
        let mount = root.join(self.mount);
        let around = inside.ancestors().map(|it| mount.join(it));
        around.filter_map(|folder| self.left(&folder)).min()
    }

    /// None: the group has no limit.
    fn left(&self, folder: &Path) -> Option<usize> {
        let limits = self.limits.iter();
        let limits = limits.filter_map(|name| read(folder.join(name))?.trim().parse().ok()); // "max" is no number
        let limit: usize = limits.min()?;
        let used: usize = read(folder.join(self.used))?.trim().parse().ok()?;
        let stat = read(folder.join("memory.stat")).unwrap_or_default();
        let cached = self.cached.iter();
        let cached: usize = cached.filter_map(|name| field(&stat, name, ' ')).sum();
        Some(limit.saturating_sub(used.saturating_sub(cached)))
    }
}

fn read(path: PathBuf) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str =
        "Limit                     Soft Limit           Hard Limit           Units     \n";

    /// Files of a system that are deleted when dropped.
    struct System(PathBuf);

    impl System {
        fn of(name: &str, files: &[(&str, &str)]) -> Self {
            let name = format!("understudy-memory-{name}-{}", std::process::id());
            let system = Self(std::env::temp_dir().join(name));
            for (path, text) in files {
                let path = system.0.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            system
        }

        fn left(&self) -> Option<(usize, Bound)> {
            self.left_for(Want::Much)
        }

        fn left_for(&self, want: Want) -> Option<(usize, Bound)> {
            left(&self.0, want).map(|left| (left.octets, left.bound))
        }
    }

    impl Drop for System {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const STATUS: (&str, &str) = (
        "proc/self/status",
        "Name:\tx\nVmSize:\t    300 kB\nVmData:\t     50 kB\nVmStk:\t 10 kB\nVmLib:\t 40 kB\n",
    );
    const HOST: (&str, &str) = (
        "proc/meminfo",
        "MemFree: 1 kB\nMemAvailable:    900 kB\nCommitLimit:     500 kB\nCommitted_AS:    100 kB\n",
    );
    const OVERCOMMIT: &str = "proc/sys/vm/overcommit_memory";

    #[test]
    fn a_system_that_says_nothing_bounds_nothing() {
        assert_eq!(System::of("nothing", &[]).left(), None);
    }

    #[test]
    fn this_system_says_something() {
        let told = left(Path::new("/"), Want::Much);
        assert_eq!(told.is_some(), cfg!(target_os = "linux"), "{told:?}");
    }

    #[test]
    fn a_host_has_what_is_available_or_what_it_has_not_promised() {
        let promising = System::of("promising", &[HOST, (OVERCOMMIT, "0\n")]);
        assert_eq!(promising.left(), Some((900 << 10, Bound::Host)));
        let strict = System::of("strict", &[HOST, (OVERCOMMIT, "2\n")]);
        assert_eq!(strict.left(), Some((400 << 10, Bound::Host)));
    }

    #[test]
    fn limits_of_the_process_count_what_it_has() {
        let limits = |space: &str, data: &str| {
            let space =
                format!("Max address space         {space:20} unlimited            bytes     \n");
            format!(
                "{LIMITS}Max data size             {data:20} unlimited            bytes     \n{space}"
            )
        };
        let found = |name, space, data| {
            let limits = limits(space, data);
            let limits = ("proc/self/limits", limits.as_str());
            System::of(name, &[HOST, (OVERCOMMIT, "0"), STATUS, limits]).left()
        };
        let free = found("free", "unlimited", "unlimited");
        assert_eq!(free, Some((900 << 10, Bound::Host)));
        let space = found("space", "409600", "unlimited");
        assert_eq!(space, Some((100 << 10, Bound::AddressSpace)));
        let data = found("data", "1024000", "61440");
        assert_eq!(data, Some((10 << 10, Bound::Data)));
        let spent = found("spent", "1024", "unlimited");
        assert_eq!(spent, Some((0, Bound::AddressSpace)));
    }

    #[test]
    fn a_little_is_found_in_what_threads_have_reserved() {
        let limits = format!("{LIMITS}Max address space         307200 unlimited bytes\n");
        let system = System::of("little", &[STATUS, ("proc/self/limits", &limits)]);
        assert_eq!(system.left_for(Want::Much), Some((0, Bound::AddressSpace)));
        let little = system.left_for(Want::Little);
        assert_eq!(little, Some((200 << 10, Bound::AddressSpace)));
    }

    #[test]
    fn the_narrowest_control_group_counts_without_what_it_has_of_files() {
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let unlimited = System::of(
            "v2",
            &[
                group,
                ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                ("sys/fs/cgroup/a/b/memory.high", "max\n"),
                ("sys/fs/cgroup/a/b/memory.current", "700\n"),
                ("sys/fs/cgroup/a/memory.max", "5000\n"),
                ("sys/fs/cgroup/a/memory.high", "4000\n"),
                ("sys/fs/cgroup/a/memory.current", "1500\n"),
                (
                    "sys/fs/cgroup/a/memory.stat",
                    "anon 900\ninactive_file 400\nactive_file 200\n",
                ),
            ],
        );
        assert_eq!(unlimited.left(), Some((3100, Bound::ControlGroup)));
    }

    #[test]
    fn control_groups_of_the_first_version_count_also_as_a_container_sees_them() {
        let group = (
            "proc/self/cgroup",
            "11:cpu,cpuacct:/docker/x\n5:memory:/docker/x\n0::/\n",
        );
        let limit = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
        let used = ("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000\n");
        let stat = (
            "sys/fs/cgroup/memory/memory.stat",
            "active_file 7\ntotal_active_file 500\n",
        );
        let system = System::of("v1", &[group, limit, used, stat]);
        assert_eq!(system.left(), Some((7500, Bound::ControlGroup)));
    }
}
