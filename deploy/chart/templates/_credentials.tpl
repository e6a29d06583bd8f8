{{/*
What `kcp-ts credentials` is to make, as its configuration file lists it. Of these, cert-manager makes
authorities and certificates where it is there.
*/}}
{{- define "kcp-ts.credentials" -}}
{{- $full := include "kcp-ts.fullname" . -}}
{{- $ns := .Release.Namespace -}}
{{- $local := list "localhost" "127.0.0.1" "::1" -}}
{{- $client := include "kcp-ts.clientService" . -}}
{{- $clientHosts := list (include "kcp-ts.externalHost" .) (printf "%s.%s.svc" $client $ns) (printf "%s.%s.svc.cluster.local" $client $ns) | concat $local | uniq -}}
{{- $list := list
  (dict "kind" "Authority" "name" (printf "%s-ca" $full) "commonName" (printf "%s-ca" $full) "key" "ec")
  (dict "kind" "Authority" "name" (printf "%s-client-ca" $full) "commonName" (printf "%s-client-ca" $full) "key" "rsa")
-}}
{{- if eq .Values.mode "embedded" -}}
{{- $list = append $list (dict "kind" "Certificate" "name" (printf "%s-server" $full) "authority" (printf "%s-ca" $full) "commonName" "kcp-apiserver" "organizations" list "usages" (list "server") "hosts" $clientHosts) -}}
{{- else -}}
{{- $list = concat $list (include "kcp-ts.shardedCredentials" (dict "root" . "clientHosts" $clientHosts "local" $local) | fromYamlArray) -}}
{{- end -}}
{{- $list = concat $list (list
  (dict "kind" "SigningKey" "name" (printf "%s-service-accounts" $full))
  (dict "kind" "Tokens" "name" (printf "%s-tokens" $full) "users" (list (dict "name" "kcp-admin" "groups" (list "system:kcp:admin"))))
  (dict "kind" "Kubeconfig" "name" (printf "%s-admin-kubeconfig" $full) "server" (include "kcp-ts.externalUrl" .) "authority" (printf "%s-ca" $full) "tokens" (printf "%s-tokens" $full) "user" "kcp-admin")
) -}}
{{- range $list }}
- {{ toJson . }}
{{- end }}
{{- end -}}

{{/* Replicas share a certificate that says of which kind they are; that of a shard has its name too. */}}
{{- define "kcp-ts.shardedCredentials" -}}
{{- $root := .root -}}
{{- $full := include "kcp-ts.fullname" $root -}}
{{- $ns := $root.Release.Namespace -}}
{{- $local := .local -}}
{{- $list := list -}}
{{- $services := list (list "front-proxy" "front-proxy" "front-proxy" .clientHosts) -}}
{{- range list "virtual-workspaces" "cache-server" -}}
{{- $services = append $services (list . . . (concat $local (list (printf "*.%s-%s.%s.svc" $full . $ns)))) -}}
{{- end -}}
{{- range $root.Values.shards -}}
{{- $service := printf "%s-shard-%s" $full .name -}}
{{- $services = append $services (list (printf "shard-%s" .name) "shard" .name (concat $local (list (printf "%s.%s.svc" $service $ns) (printf "*.%s.%s.svc" $service $ns)))) -}}
{{- end -}}
{{- range $services -}}
{{- $list = append $list (dict "kind" "Certificate" "name" (printf "%s-%s" $full (index . 0)) "authority" (printf "%s-ca" $full) "commonName" (printf "system:kcp:service:%s%s" (index . 1) (eq (index . 1) "shard" | ternary (printf ":%s" (index . 2)) "")) "organizations" (list "system:kcp:services") "usages" (list "server" "client") "hosts" (index . 3)) -}}
{{- end -}}
{{- if $root.Values.etcd.enabled -}}
{{- $hosts := $local -}}
{{- range until (int $root.Values.etcd.replicas) -}}
{{- $hosts = append $hosts (printf "%s-etcd-%d.%s-etcd.%s.svc" $full . $full $ns) -}}
{{- end -}}
{{- $list = concat $list (list
  (dict "kind" "Authority" "name" (printf "%s-etcd-ca" $full) "commonName" (printf "%s-etcd-ca" $full) "key" "ec")
  (dict "kind" "Certificate" "name" (printf "%s-etcd" $full) "authority" (printf "%s-etcd-ca" $full) "commonName" "etcd" "organizations" list "usages" (list "server" "client") "hosts" $hosts)
  (dict "kind" "Certificate" "name" (printf "%s-etcd-client" $full) "authority" (printf "%s-etcd-ca" $full) "commonName" "kcp-ts" "organizations" list "usages" (list "client") "hosts" list)
) -}}
{{- end -}}
{{- if $root.Values.nats.enabled -}}
{{- $hosts := concat $local (list (printf "*.%s-nats.%s.svc" $full $ns)) -}}
{{- $list = append $list (dict "kind" "Certificate" "name" (printf "%s-nats" $full) "authority" (printf "%s-ca" $full) "commonName" "nats" "organizations" list "usages" (list "server" "client") "hosts" $hosts) -}}
{{- $users := list -}}
{{- range $services -}}
{{- $password := printf "%s-nats-%s" $full (index . 0) -}}
{{- $list = append $list (dict "kind" "Password" "name" $password) -}}
{{- $users = append $users (dict "name" (index . 0) "password" $password "shard" (ternary (index . 2) "" (eq (index . 1) "shard"))) -}}
{{- end -}}
{{- $list = append $list (dict "kind" "NatsUsers" "name" (include "kcp-ts.natsUsersName" $root) "users" $users) -}}
{{- end -}}
{{- range $list }}
- {{ toJson . }}
{{- end }}
{{- end -}}

{{/*
Named after the users in it: a server of NATS that is rolled for a new shard starts when the users
are complete, not before.
*/}}
{{- define "kcp-ts.natsUsersName" -}}
{{- $names := list -}}
{{- range .Values.shards -}}{{- $names = append $names .name -}}{{- end -}}
{{ include "kcp-ts.fullname" . }}-nats-users-{{ join "," $names | sha256sum | trunc 8 }}
{{- end -}}

{{/* What the Job makes: without certificates where cert-manager makes them. */}}
{{- define "kcp-ts.credentialsOfJob" -}}
{{- range include "kcp-ts.credentials" . | fromYamlArray }}
{{- if not (and (eq $.Values.certificates.mode "certManager") (has .kind (list "Authority" "Certificate"))) }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}
