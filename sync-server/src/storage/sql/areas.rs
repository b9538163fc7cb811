//! Areas and the directory of names.

use std::collections::BTreeSet;

use shared::domain::area::Area;
use shared::domain::rights::Roles;
use shared::domain::worker::{Role, Worker};
use shared::ids::{AreaCode, AreaLevel, WorkerId};
use shared::protocol::v1::Directory;

use super::columns::{self, behind, uint};
use super::tx::Tx;
use super::units;
use super::value::values;
use crate::storage::{AreaChanges, Storage, StorageResult};

impl Storage {
    /// Adds areas and renames those that have another name now.
    pub async fn put_areas(&self, areas: &[Area]) -> StorageResult<AreaChanges> {
        let areas = areas.to_vec();
        self.write(move |tx| {
            let mut changes = AreaChanges::default();
            for Area { code, name } in &areas {
                let known: Option<String> = tx
                    .prepare_cached("SELECT name FROM area WHERE code = ?1")?
                    .query_opt(values![code.as_str()], |row| row.get(0))?;
                match known {
                    Some(known) if known == *name => changes.unchanged += 1,
                    Some(_) => changes.renamed += 1,
                    None => changes.added += 1,
                }
                let mut put = tx.prepare_cached(
                    "INSERT INTO area (code, name) VALUES (?1, ?2)
                     ON CONFLICT (code) DO UPDATE SET name = excluded.name",
                )?;
                // What is decided there lies in an area of its own, which nobody imports.
                for code in std::iter::once(code.clone()).chain(code.common()) {
                    put.execute(values![code.as_str(), name])?;
                }
            }
            if changes.added + changes.renamed > 0 {
                columns::directory_changed(tx)?;
            }
            Ok(changes)
        })
        .await
    }

    /// The area with this code.
    pub async fn area(&self, code: &AreaCode) -> StorageResult<Option<Area>> {
        let code = code.clone();
        self.read(move |tx| area(tx, &code)).await
    }

    /// The names that a worker's screens show; `None` when `known_version` is the present one.
    pub async fn directory(&self, worker: WorkerId, known_version: u64) -> StorageResult<Option<Directory>> {
        self.read(move |tx| {
            let version = tx.query_row("SELECT directory_version FROM meta", values![], |row| {
                uint(row, 0)
            })?;
            if version == known_version {
                return Ok(None);
            }
            let scope = columns::scope(tx, worker)?;
            let mut around = BTreeSet::new();
            for code in &scope {
                let mut outer = code.parent();
                while let Some(code) = outer.filter(|code| code.level() >= AreaLevel::District) {
                    outer = code.parent();
                    around.insert(code);
                }
            }
            let mut areas = assigned(tx, &around.iter().cloned().collect::<Vec<_>>())?;
            let mut inside = tx
                .prepare_cached("SELECT code, name FROM area WHERE code >= ?1 AND code < ?2 ORDER BY code")?;
            for code in &scope {
                let found = inside.query_map(values![code.as_str(), behind(code)], |row| {
                    Ok(Area {
                        code: columns::area(row, 0)?,
                        name: row.get(1)?,
                    })
                })?;
                areas.extend(found);
            }
            areas.sort_by(|a, b| a.code.cmp(&b.code));
            areas.dedup();
            Ok(Some(Directory {
                version,
                areas,
                workers: colleagues(tx, &scope, &around)?,
            }))
        })
        .await
    }
}

fn area(tx: Tx<'_>, code: &AreaCode) -> StorageResult<Option<Area>> {
    let mut statement = tx.prepare_cached("SELECT code, name FROM area WHERE code = ?1")?;
    statement.query_opt(values![code.as_str()], |row| {
        Ok(Area {
            code: columns::area(row, 0)?,
            name: row.get(1)?,
        })
    })
}

/// Every area that is assigned to somebody; the importer, whom no device has, is nobody. Units' are left out.
pub(super) fn with_workers(tx: Tx<'_>) -> StorageResult<Vec<AreaCode>> {
    tx.prepare_cached(
        "SELECT DISTINCT area FROM assignment
         WHERE ended_at = 0 AND substr(area, 1, 1) <> 'u' AND worker <> (SELECT import_worker FROM meta) ORDER BY area",
    )?
    .query_map(values![], |row| columns::area(row, 0))
}

/// The assigned areas with their names.
pub(super) fn assigned(tx: Tx<'_>, scope: &[AreaCode]) -> StorageResult<Vec<Area>> {
    let mut areas = Vec::with_capacity(scope.len());
    for code in scope {
        areas.extend(area(tx, code)?);
    }
    Ok(areas)
}

/// Workers who are or were assigned something inside the scope or around it: their names stand beside what
/// they recorded.
fn colleagues(tx: Tx<'_>, scope: &[AreaCode], around: &BTreeSet<AreaCode>) -> StorageResult<Vec<Worker>> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT worker.id, worker.name, worker.role FROM assignment JOIN worker ON worker.id = assignment.worker
         WHERE assignment.area >= ?1 AND assignment.area < ?2",
    )?;
    let mut workers = Vec::new();
    for code in scope {
        let found = statement.query_map(values![code.as_str(), behind(code)], |row| {
            columns::worker(row, 0)
        })?;
        workers.extend(found);
    }
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT worker.id, worker.name, worker.role FROM assignment JOIN worker ON worker.id = assignment.worker
         WHERE assignment.area = ?1",
    )?;
    let mut outer: BTreeSet<AreaCode> = around.clone();
    outer.extend(around.iter().filter_map(AreaCode::parent));
    outer.extend(scope.iter().filter_map(AreaCode::parent));
    for code in &outer {
        let found = statement.query_map(values![code.as_str()], |row| columns::worker(row, 0))?;
        workers.extend(found);
    }
    // The others record nothing that is seen here.
    workers.retain(|worker| Roles::WORKERS.contains(worker.role));
    workers.extend(across(tx, scope)?);
    workers.sort_by_key(|worker| worker.id);
    workers.dedup();
    Ok(workers)
}

/// Those with whom one works on what is lent: where a unit reaches, who works for it; for the unit, who works there and
/// for itself.
fn across(tx: Tx<'_>, scope: &[AreaCode]) -> StorageResult<Vec<Worker>> {
    let mut places: Vec<(AreaCode, bool)> = Vec::new();
    let mut above = BTreeSet::new();
    for (unit, decided_in) in units::areas(tx)? {
        let is_own = scope.contains(&unit);
        if is_own || scope.iter().any(|own| decided_in.is_within(own)) {
            places.push((unit, true));
        }
        if let Some(place) = decided_in.decides_for().filter(|_| is_own) {
            let mut outer = place.parent();
            while let Some(code) = outer {
                outer = code.parent();
                above.insert(code);
            }
            places.push((place, false));
        }
    }
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT worker.id, worker.name, worker.role FROM assignment JOIN worker ON worker.id = assignment.worker
         WHERE assignment.area >= ?1 AND assignment.area < ?2",
    )?;
    let mut workers = Vec::new();
    for (place, is_unit) in places {
        let found = statement.query_map(values![place.as_str(), behind(&place)], |row| {
            columns::worker(row, 0)
        })?;
        let is_meant = |worker: &Worker| match is_unit {
            true => worker.role == Role::Responder,
            false => Roles::WORKERS.contains(worker.role),
        };
        workers.extend(found.into_iter().filter(is_meant));
    }
    // A supervisor of the street dispatches to a community's unit, too.
    let mut exactly = tx.prepare_cached(
        "SELECT DISTINCT worker.id, worker.name, worker.role FROM assignment JOIN worker ON worker.id = assignment.worker
         WHERE assignment.area = ?1",
    )?;
    for place in above {
        let found = exactly.query_map(values![place.as_str()], |row| columns::worker(row, 0))?;
        let works = |worker: &Worker| Roles::WORKERS.contains(worker.role);
        workers.extend(found.into_iter().filter(works));
    }
    Ok(workers)
}
