// What a dashboard file must be, put together from Grafana's own types. check-dashboards.mjs names the
// plugins of a file's panels, in their order, so that every panel is read against its own plugin.
import type * as grafana from "@grafana/schema";

/** A type as JSON writes it: the value of a string enum is a string there. Everything else stays. */
export type AsJson<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends object
      ? { [K in keyof T]: AsJson<T[K]> }
      : T;

/** For plugins that have no options, or nothing of their own on a field. */
export type Nothing = Record<string, never>;

/** A row with the panels that it hides while it is collapsed. */
export type Row<Panels> = Omit<grafana.RowPanel, "panels"> & { panels: Panels };

/**
 * A panel with the options of its plugin. Grafana's type allows anything in these places, because it
 * does not know which plugins are installed; and it gives the links of a panel the type of the links
 * of a dashboard, of which a panel has (and Grafana writes) the first three.
 */
export type Panel<Plugin extends string, Options, Custom> = Omit<
  grafana.Panel,
  "type" | "options" | "fieldConfig" | "targets" | "links"
> & {
  type: Plugin;
  options: Options;
  fieldConfig?: Omit<grafana.FieldConfigSource, "defaults"> & {
    defaults: Omit<grafana.FieldConfig, "custom"> & { custom?: Custom };
  };
  links?: Array<Pick<grafana.DashboardLink, "title" | "url" | "targetBlank">>;
  targets?: PrometheusQuery[];
};

/**
 * What Grafana's data source reads of a query. Its own type comes in @grafana/prometheus alone, under
 * another licence and with a whole user interface in tow; DataQuery is Grafana's.
 */
export interface PrometheusQuery extends grafana.DataQuery {
  editorMode?: "builder" | "code";
  exemplar?: boolean;
  expr: string;
  format?: "heatmap" | "table" | "time_series";
  instant?: boolean;
  interval?: string;
  legendFormat?: string;
  range?: boolean;
}

/** How a variable asks Prometheus, as Grafana's variable editor writes it. */
export interface PrometheusVariableQuery extends grafana.DataQuery {
  qryType?: 0 | 1 | 2 | 3 | 4 | 5;
  query: string;
}

/** The type of what annotations ask is that of a panel's queries; Grafana's own source takes these. */
export interface AnnotationQuery extends Omit<grafana.AnnotationQuery, "target"> {
  target?: { limit: number; matchAny: boolean; tags: string[]; type: "tags" | "dashboard" };
}

export type Dashboard<Panels> = AsJson<
  Omit<grafana.Dashboard, "annotations" | "panels" | "templating"> & {
    uid: string;
    title: string;
    annotations: { list: AnnotationQuery[] };
    panels: Panels;
    templating: {
      list: Array<
        Omit<grafana.VariableModel, "query"> & { query?: string | PrometheusVariableQuery }
      >;
    };
  }
>;
