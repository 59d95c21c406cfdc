package store

import _ "database/sql"
