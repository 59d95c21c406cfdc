package store

import _ "encoding/json"
