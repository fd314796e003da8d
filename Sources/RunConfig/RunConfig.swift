// RunConfig
