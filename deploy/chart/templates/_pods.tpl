{{/* What all pods have in common. */}}

{{/* Of a pod: everything but containers and volumes. Takes root, component, shard, settings. */}}
{{- define "kcp-ts.podSettings" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "kcp-ts.priorityClassName" .root }}
priorityClassName: {{ . }}
{{- end }}
serviceAccountName: {{ include "kcp-ts.fullname" .root }}{{ ternary "-credentials" "" (eq .component "credentials") }}
automountServiceAccountToken: {{ eq .component "credentials" }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The pods of one component, or of one shard, apart from each other. */}}
{{- define "kcp-ts.topologySpread" -}}
{{- $where := list "kubernetes.io/hostname" -}}
{{- if .root.Values.topologySpread.zones -}}
{{- $where = append $where "topology.kubernetes.io/zone" -}}
{{- end -}}
topologySpreadConstraints:
{{- range $where }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: {{ $.root.Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "kcp-ts.selector" $ | nindent 8 }}
    {{- if not $.stateful }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
{{- end }}
{{- end -}}

{{- define "kcp-ts.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- define "kcp-ts.podEnvironment" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
{{- end -}}

{{/* A program of ours is alive from its first second, and ready when it knows what it has to. */}}
{{- define "kcp-ts.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: https, scheme: HTTPS }
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: https, scheme: HTTPS }
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: https, scheme: HTTPS }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}

{{/* Rolled when what it is made of changes: the programs read most of it at their start alone. */}}
{{- define "kcp-ts.podMetadata" -}}
labels:
  {{- include "kcp-ts.labels" . | nindent 2 }}
annotations:
  kubectl.kubernetes.io/default-container: {{ .container }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Volume claims of a StatefulSet. Takes root, component, persistence. */}}
{{- define "kcp-ts.volumeClaims" -}}
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "kcp-ts.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests: { storage: {{ .persistence.size }} }
{{- end -}}
