package sqltext

func newMySQLBody() body { return &postgresBody{} }
