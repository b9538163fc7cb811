//! Where the photos of a data folder lie, as the command line says it: a folder or a bucket.
//!
//! The place is noted in the data folder once it is another than the usual one. A command that forgot to name it
//! would else find no photo and call all of them lost, and a server would take them a second time.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::make_folder;
use crate::folders;
use crate::photos::{BucketKeys, BucketPlace, PhotoStore};

/// The folder of photos in a data folder, and in a backup.
pub(super) const PHOTOS: &str = "photos";
/// The file of a data folder that says where its photos are.
const NOTE: &str = "photos.place";
const BUCKET: &str = "s3://";

#[derive(Debug, Clone, Args)]
pub(super) struct PhotoOptions {
    /// Where photos lie: a folder, or a bucket as s3://BUCKET or s3://BUCKET/PREFIX. DIR/photos by default. The keys of
    /// a bucket are read from the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    #[arg(long, value_name = "PLACE")]
    photos: Option<String>,
    /// The address of the bucket's S3 service.
    #[arg(long, value_name = "URL", requires = "photos")]
    s3_endpoint: Option<String>,
    /// The region that the S3 service wants requests to be signed for.
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    s3_region: String,
    /// Lets photos go over plain HTTP to an S3 service on another machine.
    #[arg(long, requires = "s3_endpoint")]
    s3_plain_http: bool,
}

impl PhotoOptions {
    /// The photos of a data folder. A usual folder is made when it is not there; a bucket is not asked anything yet.
    pub(super) fn open(&self, data: &Path) -> Result<PhotoStore> {
        let place = self.place(data)?;
        let noted = noted(data)?;
        if noted.as_ref().is_some_and(|noted| Some(noted) != place.as_ref()) {
            bail!(
                "the photos of {} lie in {}; say so with --photos, or remove {} if they were moved",
                data.display(),
                noted.unwrap_or_default(),
                data.join(NOTE).display()
            );
        }
        let usual = data.join(PHOTOS);
        if noted.is_none() && place.is_some() && holds_something(&usual)? {
            bail!(
                "{} holds photos; a backup that is restored with --photos brings them to another place",
                usual.display()
            );
        }
        self.store(&usual)
    }

    /// The photos of a data folder that is still being made under the name `partial`.
    pub(super) fn open_new(&self, data: &Path, partial: &Path) -> Result<PhotoStore> {
        self.place(data)?;
        let photos = self.store(&partial.join(PHOTOS))?;
        self.note(partial)?;
        Ok(photos)
    }

    /// Writes into a data folder where its photos are, when that is not the usual place.
    pub(super) fn note(&self, data: &Path) -> Result<()> {
        let Some(place) = self.place(data)? else {
            return Ok(());
        };
        let file = data.join(NOTE);
        if noted(data)?.is_some() {
            return Ok(());
        }
        // Whole or not at all: half a name would be another place.
        let partial = data.join(format!("{NOTE}.partial"));
        fs::write(&partial, place).with_context(|| format!("cannot write {}", partial.display()))?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, &file)?;
        folders::sync(data)?;
        Ok(())
    }

    /// One line that names the place; `None` for the usual one.
    fn place(&self, data: &Path) -> Result<Option<String>> {
        let Some(photos) = &self.photos else {
            return Ok(None);
        };
        if photos.starts_with(BUCKET) {
            let endpoint = self.endpoint()?.trim_end_matches('/');
            return Ok(Some(format!("{} at {endpoint}", photos.trim_end_matches('/'))));
        }
        let folder = std::path::absolute(photos).with_context(|| format!("{photos} is no folder's name"))?;
        if folder.starts_with(std::path::absolute(data)?) {
            bail!("in a data folder photos lie in its folder {PHOTOS}; leave out --photos for that");
        }
        Ok(Some(folder.display().to_string()))
    }

    fn endpoint(&self) -> Result<&str> {
        let endpoint = self.s3_endpoint.as_deref();
        endpoint.context("a bucket needs the address of its S3 service: --s3-endpoint URL")
    }

    fn store(&self, usual: &Path) -> Result<PhotoStore> {
        let said = self.photos.as_deref();
        if let Some(name) = said.and_then(|photos| photos.strip_prefix(BUCKET)) {
            let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
            let place = BucketPlace {
                endpoint: self.endpoint()?.to_owned(),
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                region: self.s3_region.clone(),
                plain_http: self.s3_plain_http,
                keys: keys()?,
            };
            return Ok(PhotoStore::s3(&place)?);
        }
        if self.s3_endpoint.is_some() {
            bail!("--s3-endpoint goes with a bucket: --photos s3://BUCKET");
        }
        let folder = said.map_or(usual, Path::new);
        make_folder(folder)?;
        // The usual one lies in the data folder, which is closed.
        if said.is_some() {
            folders::check_closed(folder)?;
        }
        Ok(PhotoStore::folder(folder)?)
    }
}

/// Fails when the bucket cannot be read now. What only lasts a while is for the caller to bear.
pub(super) async fn reach(photos: &PhotoStore) -> Result<()> {
    let reached = photos.reach().await;
    reached
        .context("the bucket of the photos cannot be read; is the service there, and do name and keys fit?")
}

/// Never from the command line, where every user of the machine could read them.
fn keys() -> Result<BucketKeys> {
    let read = |name: &str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty());
        value.with_context(|| format!("the bucket's key is missing in the variable {name}"))
    };
    Ok(BucketKeys {
        id: read("AWS_ACCESS_KEY_ID")?,
        secret: read("AWS_SECRET_ACCESS_KEY")?,
    })
}

fn noted(data: &Path) -> Result<Option<String>> {
    let file = data.join(NOTE);
    match fs::read_to_string(&file) {
        Ok(place) => Ok(Some(place)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn holds_something(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}
