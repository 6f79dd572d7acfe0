package godebug

// release is the minor version of the Go release, go1.26, that the tables of this file describe: those of
// its packages internal/godebugs and runtime. A test compares them.
const release = 26

// A change says that a setting got another default.
type change struct {
	minor int    // of the first release with the new default
	old   string // value that brings the earlier behaviour back
}

// settings are the names that //go:debug lines may use. One whose default never changed has no change.
var settings = map[string]change{
	"allowmultiplevcs":            {},
	"asynctimerchan":              {23, "1"},
	"containermaxprocs":           {25, "0"},
	"cryptocustomrand":            {26, "1"},
	"dataindependenttiming":       {},
	"decoratemappings":            {25, "0"},
	"embedfollowsymlinks":         {},
	"execerrdot":                  {},
	"fips140":                     {},
	"fips140ems":                  {},
	"gocachehash":                 {},
	"gocachetest":                 {},
	"gocacheverify":               {},
	"gotestjsonbuildtext":         {24, "1"},
	"gotypesalias":                {23, "0"},
	"htmlmetacontenturlescape":    {},
	"http2client":                 {},
	"http2debug":                  {},
	"http2server":                 {},
	"httpcookiemaxnum":            {24, "0"},
	"httplaxcontentlength":        {22, "1"},
	"httpmuxgo121":                {22, "1"},
	"httpservecontentkeepheaders": {23, "1"},
	"installgoroot":               {},
	"jstmpllitinterp":             {},
	"multipartmaxheaders":         {},
	"multipartmaxparts":           {},
	"multipathtcp":                {24, "0"},
	"netdns":                      {},
	"netedns0":                    {19, "0"},
	"panicnil":                    {21, "1"},
	"randautoseed":                {},
	"randseednop":                 {24, "0"},
	"rsa1024min":                  {24, "0"},
	"tarinsecurepath":             {},
	"tls10server":                 {22, "1"},
	"tls3des":                     {23, "1"},
	"tlsmaxrsasize":               {},
	"tlsmlkem":                    {24, "0"},
	"tlsrsakex":                   {22, "1"},
	"tlssecpmlkem":                {26, "0"},
	"tlssha1":                     {25, "1"},
	"tlsunsafeekm":                {22, "1"},
	"updatemaxprocs":              {25, "0"},
	"urlmaxqueryparams":           {24, "0"},
	"urlstrictcolons":             {26, "0"},
	"winreadlinkvolume":           {23, "0"},
	"winsymlink":                  {23, "0"},
	"x509keypairleaf":             {23, "0"},
	"x509negativeserial":          {23, "1"},
	"x509rsacrt":                  {24, "0"},
	"x509sha256skid":              {25, "0"},
	"x509usefallbackroots":        {},
	"x509usepolicies":             {24, "0"},
	"zipinsecurepath":             {},
}

// removed are the names that //go:debug lines could use once, with the minor version of the first release
// without them.
var removed = map[string]int{"x509sha1": 24}

// runtimeSettings are further names, which the runtime knows and //go:debug lines cannot use.
var runtimeSettings = map[string]bool{
	"adaptivestackstart":       true,
	"asyncpreemptoff":          true,
	"cgocheck":                 true,
	"checkfinalizers":          true,
	"clobberfree":              true,
	"disablethp":               true,
	"dontfreezetheworld":       true,
	"efence":                   true,
	"gccheckmark":              true,
	"gcpacertrace":             true,
	"gcshrinkstackoff":         true,
	"gcstoptheworld":           true,
	"gctrace":                  true,
	"harddecommit":             true,
	"inittrace":                true,
	"invalidptr":               true,
	"madvdontneed":             true,
	"memprofilerate":           true,
	"profstackdepth":           true,
	"sbrk":                     true,
	"scavtrace":                true,
	"scheddetail":              true,
	"schedtrace":               true,
	"traceadvanceperiod":       true,
	"traceallocfree":           true,
	"tracebackancestors":       true,
	"tracebacklabels":          true,
	"tracecheckstackownership": true,
	"tracefpunwindoff":         true,
}
