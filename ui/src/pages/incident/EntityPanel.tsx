import type { EntityView, Incident } from "../../api/types";
import { LogText } from "../../components/LogText";
import { visible } from "../../text/visible";

/** By the asset list's criticality: 0 is the most critical. */
const CRITICALITY = ["Crown jewel", "High value", "Important", "Ordinary"] as const;
const ORDINARY = 3;

const byValue = (left: EntityView, right: EntityView) =>
  (left.criticality ?? ORDINARY + 1) - (right.criticality ?? ORDINARY + 1) || right.alerts.length - left.alerts.length;

/** Who and what is involved, the most valuable first, and how they are linked, or why they are not. */
export function EntityPanel({ incident }: { incident: Incident }) {
  const labelOf = (key: string) => incident.entities.find((entity) => entity.key === key)?.label ?? key;
  return (
    <section className="card" aria-labelledby="entities">
      <h2 id="entities">
        Entities <span className="muted">{incident.entities.length}</span>
      </h2>
      {incident.entities.length === 0 ? <p className="muted">The alerts name no entity. The evidence rows may.</p> : null}
      <ul className="entities">
        {[...incident.entities].sort(byValue).map((entity) => (
          <li key={entity.key}>
            <Entity entity={entity} />
          </li>
        ))}
      </ul>
      {incident.links.length > 0 ? (
        <>
          <h3>Linked because</h3>
          <ul className="links">
            {incident.links.map((link, index) => (
              <li key={index}>
                <LogText value={labelOf(link.from)} className="mono" /> <span aria-hidden="true">↔</span>{" "}
                <LogText value={labelOf(link.to)} className="mono" />
                <LogText value={link.reason} className="block small muted" />
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {incident.missing_links.length > 0 ? (
        <div className="notice notice-warning" data-testid="missing-links">
          <strong>Links that are missing</strong>
          <ul className="links">
            {incident.missing_links.map((link, index) => (
              <li key={index}>
                <LogText value={labelOf(link.entity)} className="mono" />
                <LogText value={link.reason} className="block small" />
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </section>
  );
}

function Entity({ entity }: { entity: EntityView }) {
  const identifiers = Object.entries(entity.identifiers).filter(([, value]) => value !== "");
  return (
    <details className="entity">
      <summary title={visible(entity.label)}>
        <LogText value={entity.kind} className="entity-kind" />
        <span className="entity-marks">
          {entity.criticality !== null && entity.criticality < ORDINARY ? (
            <span className={`badge criticality-${entity.criticality}`}>{CRITICALITY[entity.criticality] ?? `Criticality ${entity.criticality}`}</span>
          ) : null}
          {entity.sensitivity ? (
            <span className="badge badge-plain">
              <LogText value={entity.sensitivity} />
            </span>
          ) : null}
        </span>
        <LogText value={entity.label} className="mono entity-label" />
        {entity.identity ? (
          <span className="entity-identity small muted">
            identity <LogText value={entity.identity} className="mono" />
          </span>
        ) : null}
      </summary>
      <div className="entity-more">
        {entity.reason ? (
          <p className="small">
            <LogText value={entity.reason} />
          </p>
        ) : null}
        <dl className="fields fields-small">
          {identifiers.map(([name, value]) => (
            <div key={name}>
              <dt>
                <LogText value={name} />
              </dt>
              <dd>
                <LogText value={value} multiline />
              </dd>
            </div>
          ))}
        </dl>
        <p className="small muted">
          in {entity.alerts.length} {entity.alerts.length === 1 ? "alert" : "alerts"}
          {entity.criticality === null ? " · no asset or identity record: criticality unknown" : ""}
        </p>
      </div>
    </details>
  );
}
