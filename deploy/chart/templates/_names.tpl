{{/* Names, labels, and where each part is reached. Components are given as (dict "root" $ "component" "…"). */}}

{{- define "kcp-ts.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kcp-ts.labels" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .shard }}
kcp-ts.io/shard: {{ . }}
{{- end }}
app.kubernetes.io/part-of: kcp-ts
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What selects the pods of a component; of all components without one. */}}
{{- define "kcp-ts.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .shard }}
kcp-ts.io/shard: {{ . }}
{{- end }}
{{- end -}}

{{- define "kcp-ts.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "kcp-ts.labels" . | nindent 2 }}
{{- end -}}

{{- define "kcp-ts.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Service that clients connect to. */}}
{{- define "kcp-ts.clientService" -}}
{{- $full := include "kcp-ts.fullname" . -}}
{{- ternary $full (printf "%s-front-proxy" $full) (eq .Values.mode "embedded") -}}
{{- end -}}

{{- define "kcp-ts.clientComponent" -}}
{{- ternary "server" "front-proxy" (eq .Values.mode "embedded") -}}
{{- end -}}

{{- define "kcp-ts.externalHost" -}}
{{- .Values.externalHostname | default (printf "%s.%s.svc" (include "kcp-ts.clientService" .) .Release.Namespace) -}}
{{- end -}}

{{- define "kcp-ts.externalUrl" -}}
https://{{ include "kcp-ts.externalHost" . }}:{{ .Values.externalPort }}
{{- end -}}

{{/* The name of a pod of a StatefulSet in DNS, for the environment of the pod itself. */}}
{{- define "kcp-ts.podHost" -}}
$(POD_NAME).{{ .name }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{- define "kcp-ts.etcdServers" -}}
{{- $servers := .Values.etcd.external.servers -}}
{{- if .Values.etcd.enabled -}}
{{- $servers = list -}}
{{- $full := include "kcp-ts.fullname" . -}}
{{- range until (int .Values.etcd.replicas) -}}
{{- $servers = append $servers (printf "https://%s-etcd-%d.%s-etcd.%s.svc:2379" $full . $full $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{ join "," $servers }}
{{- end -}}

{{- define "kcp-ts.natsUrls" -}}
{{- $urls := .Values.nats.external.urls -}}
{{- if .Values.nats.enabled -}}
{{- $urls = list -}}
{{- $full := include "kcp-ts.fullname" . -}}
{{- range until (int .Values.nats.replicas) -}}
{{- $urls = append $urls (printf "tls://%s-nats-%d.%s-nats.%s.svc:4222" $full . $full $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{ join "," $urls }}
{{- end -}}

{{- define "kcp-ts.priorityClassName" -}}
{{- with .Values.priorityClass -}}
{{- if or .create .name -}}
{{- default (printf "%s-%s" $.Release.Namespace (include "kcp-ts.fullname" $)) .name -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The shards with the defaults in place of what they leave out, as a YAML list. */}}
{{- define "kcp-ts.shards" -}}
{{- range .Values.shards }}
- {{ mergeOverwrite (deepCopy $.Values.shardDefaults) . | toJson }}
{{- end }}
{{- end -}}
