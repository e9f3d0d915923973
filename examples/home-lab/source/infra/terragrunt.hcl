# State lives in PostgreSQL inside the cluster. While 10.0.20.200:5432 does not answer, no stack can be planned or applied.
remote_state {
  backend = "pg"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite"
  }
  config = {
    conn_str    = "postgres://terraform@10.0.20.200:5432/terraform_state?sslmode=disable"
    schema_name = replace(path_relative_to_include(), "/", "_")
  }
}

inputs = {
  shared_lb_ip  = "10.0.20.200"
  shared_lb_key = "shared"
}
