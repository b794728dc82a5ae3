//! A configuration that was read from a document and belongs to no org: Token Preview without a server, a store or a network.
//! What the document names and does not own (clients, groups, users) is made from what it says of them.

use std::collections::BTreeSet;

use model::app::{ApplicationType, AuthMethod, ConsentMethod, OAuthSettings, ResponseType, WildcardRedirect};
use model::authorization_server::IssuerMode;
use model::event::Origin;
use model::group::{EVERYONE, GroupKind};
use model::id::IdSeed;
use model::rule;
use model::{
    Actor, App, AppId, AuthorizationServerId, ClientId, Document, GrantType, Group, GroupId, Org, OrgId,
    Status, Timestamp, UserId,
};
use serde_json::Map;

use crate::admin::user;
use crate::configuration::Draft;
use crate::ids::IdSource;
use crate::issuer::IssuerOrigins;
use crate::membership::Directory;
use crate::names::Names;
use crate::portable::{self, Portable, Problem, Target, World};
use crate::preview::Stage;
use crate::snapshot::{ServerEntry, Snapshot};

/// The origin of the issuer. It is nobody's.
const ORIGIN: &str = "https://id.example.com";

/// A configuration to try things on.
#[derive(Debug)]
pub struct Workbench {
    snapshot: Snapshot,
    server: AuthorizationServerId,
    /// The groups and users that the document names.
    pub directory: Directory,
    names: Names,
    issuers: IssuerOrigins,
}

impl Workbench {
    /// Makes what `document` says.
    pub fn new(document: &Portable, now: Timestamp) -> Result<Self, Vec<Problem>> {
        let ids = IdSource::default();
        let snapshot = Snapshot::empty(Org {
            // Tokens name the org (`idp`), and of one file the same ones are asked for every time.
            id: OrgId::mint(IdSeed { tick: 0, random: [0; 9] }),
            company_name: "Example".to_owned(),
            subdomain: "example".to_owned(),
            created: now,
            last_updated: now,
            assertions_valid_from: None,
        });
        let mut draft = Draft::new(snapshot, Actor::system(), Origin::default(), now);
        for client in document.clients.iter().flatten() {
            draft.put(Document::App(Box::new(app(client, AppId::mint(ids.next(now)), now))));
        }
        let directory = directory(document, &ids, now);
        let mut names = Names::default();
        directory.groups.iter().for_each(|group| names.add_group(group.id, &group.name));
        directory.users.iter().for_each(|(id, login)| names.add_user(*id, login));
        let new = AuthorizationServerId::mint(ids.next(now));
        let target = Target::Named { new, issuer_mode: IssuerMode::OrgUrl };
        let mut document = document.clone();
        if let Some(server) = &mut document.server {
            // Whom a server trusts says nothing about its own tokens, and the others are not here.
            server.trusted_servers.clear();
        }
        portable::apply(&mut draft, &ids, &world(&directory), target, &document)?;
        let issuers = IssuerOrigins::only(ORIGIN);
        Ok(Self { snapshot: draft.snapshot().clone(), server: new, directory, names, issuers })
    }

    /// The configuration.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The same with `sections` in place of its own.
    pub fn with_draft(&self, sections: &Portable, now: Timestamp) -> Result<Self, Vec<Problem>> {
        let ids = IdSource::default();
        let mut draft = Draft::new(self.snapshot.clone(), Actor::system(), Origin::default(), now);
        portable::apply(&mut draft, &ids, &world(&self.directory), Target::Server(self.server), sections)?;
        Ok(Self {
            snapshot: draft.snapshot().clone(),
            server: self.server,
            directory: self.directory.clone(),
            names: self.names.clone(),
            issuers: self.issuers.clone(),
        })
    }

    /// Where a preview is made. `names` are the document's and whatever the question adds.
    pub fn stage<'a>(&'a self, names: &'a Names) -> Option<Stage<'a>> {
        let server: &ServerEntry = self.snapshot.server(self.server)?;
        Some(Stage { snapshot: &self.snapshot, server, issuers: &self.issuers, names })
    }

    /// What the document's groups and users are called.
    pub fn names(&self) -> &Names {
        &self.names
    }
}

fn world(directory: &Directory) -> World {
    let groups = directory.groups.iter();
    let world = groups.fold(World::default(), |world, group| world.with_group(group.id, &group.name));
    directory.users.iter().fold(world, |world, (id, login)| world.with_user(*id, login))
}

/// The groups and users that the document names, and `Everyone`.
fn directory(document: &Portable, ids: &IdSource, now: Timestamp) -> Directory {
    let rules = document.policies.iter().flatten().flat_map(|policy| &policy.rules);
    let people = rules.map(|rule| &rule.people);
    let logins: BTreeSet<String> = people
        .flat_map(|people| people.users.iter().chain(&people.exclude_users))
        .map(|login| user::fold(login))
        .collect();
    let groups = document.groups.iter().flatten().map(|name| (name.as_str(), GroupKind::Okta));
    let groups = groups.filter(|(name, _)| *name != EVERYONE && *name != rule::EVERYONE);
    let group = |(name, kind): (&str, GroupKind)| Group {
        id: GroupId::mint(ids.next(now)),
        kind,
        name: name.to_owned(),
        description: None,
        created: now,
        last_updated: now,
        last_membership_updated: now,
    };
    Directory {
        groups: std::iter::once((EVERYONE, GroupKind::BuiltIn)).chain(groups).map(group).collect(),
        users: logins.into_iter().map(|login| (UserId::mint(ids.next(now)), login)).collect(),
    }
}

/// An app of which the document says what decisions rest on.
fn app(client: &portable::Client, id: AppId, now: Timestamp) -> App {
    App {
        id,
        client_id: ClientId::new(client.client_id.as_str()),
        label: client.label.clone(),
        status: client.status.unwrap_or(Status::Active),
        created: now,
        last_updated: now,
        tokens_valid_from: None,
        oauth: OAuthSettings {
            auth_method: AuthMethod::ClientSecretBasic,
            pkce_required: false,
            auto_key_rotation: true,
            application_type: ApplicationType::Web,
            grant_types: client.grant_types.clone(),
            response_types: response_types(&client.grant_types),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: None,
            consent_method: ConsentMethod::Trusted,
            issuer_mode: IssuerMode::OrgUrl,
            wildcard_redirect: WildcardRedirect::Disabled,
            dpop_bound_access_tokens: false,
            keys: None,
            refresh_token: None,
            kept: Map::new(),
        },
        profile: client.profile.clone(),
        kept: Map::new(),
    }
}

/// Whatever the grants can be answered with: the document does not say.
fn response_types(grant_types: &[GrantType]) -> Vec<ResponseType> {
    let types_of = |grant_type: &GrantType| match grant_type {
        GrantType::AuthorizationCode => &[ResponseType::Code][..],
        GrantType::Implicit => &[ResponseType::IdToken, ResponseType::Token],
        _ => &[],
    };
    grant_types.iter().flat_map(types_of).copied().collect()
}
