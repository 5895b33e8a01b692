import type { ReactNode } from "react";
import { useNavigate } from "react-router-dom";
import type { Alert } from "../../api/types";
import { copyText } from "../../components/grid/download";
import { LogText, textOf } from "../../components/LogText";
import { Time } from "../../components/Time";
import { useToasts } from "../../components/toasts";
import { visible } from "../../text/visible";
import type { ConsoleStart } from "../console/start";

interface Props {
  alert: Alert;
  joined: readonly string[];
}

export function AlertDetail({ alert, joined }: Props) {
  const details = Object.entries(alert.custom_details);
  return (
    <div className="alert-detail">
      {alert.description ? (
        <p>
          <LogText value={alert.description} multiline />
        </p>
      ) : null}
      {joined.map((reason) => (
        <p key={reason} className="small">
          <span className="muted">In this incident because </span>
          <LogText value={reason} />
        </p>
      ))}
      <dl className="fields">
        <Field name="Activity">
          <Time at={alert.start_at} /> <span className="muted">to</span> <Time at={alert.end_at} />
        </Field>
        <Field name="Alert created">
          <Time at={alert.created_at} />
        </Field>
        <Field name="Received here">
          <Time at={alert.received_at} />
        </Field>
        {alert.rule_id ? (
          <Field name="Rule">
            <LogText value={alert.rule_id} className="mono" />
          </Field>
        ) : null}
        {alert.techniques.length > 0 ? (
          <Field name="Techniques">
            <LogText value={alert.techniques.join(", ")} className="mono" />
          </Field>
        ) : null}
        {alert.entities.length > 0 ? (
          <Field name="Entities">
            <span className="chips">
              {alert.entities.map((entity, index) => (
                <span key={index} className="chip clamped" title={visible(entity.label)}>
                  {visible(entity.kind)} <LogText value={entity.label} className="mono" />
                </span>
              ))}
            </span>
          </Field>
        ) : null}
        {details.map(([name, value]) => (
          <Field key={name} name={name}>
            <LogText value={detailText(value)} multiline />
          </Field>
        ))}
        {alert.link ? (
          <Field name="Vendor's page">
            {/* Text on purpose: an address that came in with data is never live. */}
            <LogText value={alert.link} className="mono" />
          </Field>
        ) : null}
      </dl>
      {alert.remediation_steps.length > 0 ? (
        <>
          <h4>Remediation steps</h4>
          <ol className="steps">
            {alert.remediation_steps.map((step, index) => (
              <li key={index}>
                <LogText value={step} multiline />
              </li>
            ))}
          </ol>
        </>
      ) : null}
      <AlertQuery alert={alert} />
    </div>
  );
}

/** Rules give each detail as a list of values, which is most often one. */
const detailText = (value: unknown): unknown => (Array.isArray(value) ? value.map(textOf).join(", ") : value);

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>
        <LogText value={name} />
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function AlertQuery({ alert }: { alert: Alert }) {
  const navigate = useNavigate();
  const toasts = useToasts();
  const { query } = alert;
  if (!query) {
    return (
      <p className="small muted">
        {alert.origin === "native"
          ? "No query: the vendor's own detection raised this alert."
          : "No query was stored with this alert. Its evidence is in the next tab."}
      </p>
    );
  }
  const openInConsole = () => {
    const start: ConsoleStart = { query, from: alert.query_from, to: alert.query_to, asOf: alert.query_to };
    void navigate("/console", { state: start });
  };
  return (
    <>
      <div className="query-head">
        <h4>The query behind it</h4>
        {alert.query_from ? (
          <span className="small muted">
            over <Time at={alert.query_from} /> to <Time at={alert.query_to} />
          </span>
        ) : null}
        <span className="spacer" />
        <button
          type="button"
          className="button-quiet"
          onClick={() =>
            void copyText(query).then(
              () => toasts.done("Query copied"),
              (error: unknown) => toasts.failed("Copy", error),
            )
          }
        >
          Copy
        </button>
        <button type="button" className="button button-small" onClick={openInConsole}>
          Open in console
        </button>
      </div>
      <pre className="query" tabIndex={0}>
        <LogText value={query} multiline />
      </pre>
    </>
  );
}
