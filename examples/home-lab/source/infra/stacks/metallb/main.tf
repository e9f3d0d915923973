resource "helm_release" "metallb" {
  name             = "metallb"
  namespace        = "metallb-system"
  create_namespace = true
  repository       = "https://metallb.github.io/metallb"
  chart            = "metallb"
  version          = "0.15.3"

  values = [yamlencode({
    speaker = {
      frr = {
        enabled = false
      }
      ignoreExcludeLB = false
    }
  })]
}

resource "kubernetes_manifest" "pool" {
  manifest = {
    apiVersion = "metallb.io/v1beta1"
    kind       = "IPAddressPool"
    metadata = {
      name      = "default"
      namespace = "metallb-system"
    }
    spec = {
      addresses  = ["10.0.20.200-10.0.20.220"]
      autoAssign = true
    }
  }
  depends_on = [helm_release.metallb]
}

resource "kubernetes_manifest" "l2" {
  manifest = {
    apiVersion = "metallb.io/v1beta1"
    kind       = "L2Advertisement"
    metadata = {
      name      = "default"
      namespace = "metallb-system"
    }
    spec = {
      ipAddressPools = ["default"]
    }
  }
  depends_on = [helm_release.metallb]
}
