{{/* Flags of our programs; the files that they name are those of the volume "credentials". */}}

{{- define "kcp-ts.commonFlags" -}}
- --bind-address=$(POD_IP)
- --secure-port=6443
- --tls-cert-file=/etc/kcp-ts/{{ ternary "peer" "serving" (empty .serving) }}/tls.crt
- --tls-private-key-file=/etc/kcp-ts/{{ ternary "peer" "serving" (empty .serving) }}/tls.key
- --client-ca-file=/etc/kcp-ts/client-ca/ca.crt
- --shutdown-delay-duration={{ .root.Values.shutdownDelaySeconds }}s
- -v={{ .root.Values.verbosity }}
{{- end -}}

{{/* Of everything that is one of several. */}}
{{- define "kcp-ts.installationFlags" -}}
- --coordination-etcd={{ include "kcp-ts.etcdServers" .root }}
{{- if or .root.Values.etcd.enabled .root.Values.etcd.external.tlsSecret }}
- --etcd-cafile=/etc/kcp-ts/etcd/ca.crt
- --etcd-certfile=/etc/kcp-ts/etcd/tls.crt
- --etcd-keyfile=/etc/kcp-ts/etcd/tls.key
{{- end }}
- --nats-url={{ include "kcp-ts.natsUrls" .root }}
- --nats-username={{ .natsUser }}
- --nats-password-file=/etc/kcp-ts/nats/password
- --nats-cafile=/etc/kcp-ts/nats/ca.crt
- --peer-ca-file=/etc/kcp-ts/peer/ca.crt
- --peer-cert-file=/etc/kcp-ts/peer/tls.crt
- --peer-key-file=/etc/kcp-ts/peer/tls.key
{{- end -}}

{{/* Of what knows users by tokens and signs those of service accounts. */}}
{{- define "kcp-ts.tokenFlags" -}}
- --token-auth-file=/etc/kcp-ts/tokens/tokens.csv
{{- end -}}

{{- define "kcp-ts.serverFlags" -}}
- --service-account-key-file=/etc/kcp-ts/service-accounts/sa.pub
- --service-account-signing-key-file=/etc/kcp-ts/service-accounts/sa.key
- --shard-external-url={{ include "kcp-ts.externalUrl" .root }}
- --shard-virtual-workspace-url={{ include "kcp-ts.externalUrl" .root }}
{{- end -}}

{{- define "kcp-ts.extraFlags" -}}
{{- range concat .root.Values.extraArgs .settings.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The volume that has them. Takes root, certificate, serving, natsUser, tokens, serviceAccounts. */}}
{{- define "kcp-ts.credentialsVolume" -}}
{{- $full := include "kcp-ts.fullname" .root -}}
- name: credentials
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ $full }}-{{ .certificate }}
          items:
            - { key: tls.crt, path: peer/tls.crt }
            - { key: tls.key, path: peer/tls.key }
            - { key: ca.crt, path: peer/ca.crt }
      {{- with .serving }}
      - secret:
          name: {{ . }}
          items:
            - { key: tls.crt, path: serving/tls.crt }
            - { key: tls.key, path: serving/tls.key }
      {{- end }}
      - secret:
          name: {{ $full }}-client-ca
          items:
            - { key: ca.crt, path: client-ca/ca.crt }
      {{- if .tokens }}
      - secret:
          name: {{ $full }}-tokens
          items:
            - { key: tokens.csv, path: tokens/tokens.csv }
      {{- end }}
      {{- if .serviceAccounts }}
      - secret:
          name: {{ $full }}-service-accounts
          items:
            - { key: sa.key, path: service-accounts/sa.key }
            - { key: sa.pub, path: service-accounts/sa.pub }
      {{- end }}
      {{- with .natsUser }}
      {{- include "kcp-ts.connectionSecrets" (dict "root" $.root "natsUser" .) | nindent 6 }}
      {{- end }}
{{- end -}}

{{/* What etcd and NATS are reached with. */}}
{{- define "kcp-ts.connectionSecrets" -}}
{{- $full := include "kcp-ts.fullname" .root -}}
{{- $etcd := .root.Values.etcd -}}
{{- $nats := .root.Values.nats -}}
{{- if or $etcd.enabled $etcd.external.tlsSecret -}}
- secret:
    name: {{ ternary (printf "%s-etcd-client" $full) $etcd.external.tlsSecret $etcd.enabled }}
    items:
      - { key: ca.crt, path: etcd/ca.crt }
      - { key: tls.crt, path: etcd/tls.crt }
      - { key: tls.key, path: etcd/tls.key }
{{ end -}}
- secret:
    name: {{ ternary (printf "%s-nats" $full) $nats.external.tlsSecret $nats.enabled }}
    items:
      - { key: ca.crt, path: nats/ca.crt }
- secret:
    name: {{ ternary (printf "%s-nats-%s" $full .natsUser) $nats.external.passwordsSecret $nats.enabled }}
    items:
      - { key: {{ ternary "password" (printf "%s.password" .natsUser) $nats.enabled }}, path: nats/password }
{{- end -}}

{{- define "kcp-ts.mounts" -}}
- { name: credentials, mountPath: /etc/kcp-ts, readOnly: true }
- { name: data, mountPath: /var/lib/kcp-ts }
- { name: tmp, mountPath: /tmp }
{{- end -}}
