package station

import _ "os"
