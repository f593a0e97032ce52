"""The profiles that come with the suite, one TOML file each; see `conformance.catalogue.profile`."""
