package sqltext

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(statements []Statement) []string {
	var all []string
	for _, s := range statements {
		all = append(all, s.Text)
	}
	return all
}

type splitCase struct {
	name string
	src  string
	want []string
}

func runSplit(t *testing.T, d Dialect, cases []splitCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Split(d, c.src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, texts(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// whole is a case of one statement that stays whole, with one behind it.
func whole(name, sql string) splitCase {
	return splitCase{name, sql + ";\nSELECT 'next';", []string{sql, "SELECT 'next'"}}
}

func TestSplitPostgres(t *testing.T) {
	runSplit(t, Postgres, []splitCase{
		{"empty", "", nil},
		{"only comments", "-- a;\n/* b; /* c */ ; */ \n", nil},
		{"empty statements", ";; SELECT 1 ;\n; -- x\n;", []string{"SELECT 1"}},
		{"no last semicolon", "SELECT 1; SELECT 2 -- end\n", []string{"SELECT 1", "SELECT 2"}},
		{"comments around and inside", "-- a\nSELECT /* b; */ 1 -- c;\n; /* d */", []string{"SELECT /* b; */ 1"}},
		{"mark, crlf, bare cr", "\uFEFFSELECT 1;\r\nSELECT 2;\r-- x;\rSELECT 3", []string{"SELECT 1", "SELECT 2", "SELECT 3"}},
		{"no backslash escapes", `SELECT '\'; SELECT 2`, []string{`SELECT '\'`, "SELECT 2"}},
		{"backslash escapes", `SELECT E'\';'; SELECT 2`, []string{`SELECT E'\';'`, "SELECT 2"}},
		{"transaction", "BEGIN; SELECT 1; END; COMMIT;", []string{"BEGIN", "SELECT 1", "END", "COMMIT"}},
		whole("continued string", "SELECT E'a' -- c\n '\\';'"),
		whole("dollar quote", "DO $$ BEGIN PERFORM 1; END $$"),
		whole("tagged dollar quote", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $é1$ SELECT 1; $$;$$ $é1$"),
		whole("dollar in a word", "SELECT a$b$c, $1"),
		whole("rule", "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)"),
		whole("atomic", "CREATE OR REPLACE FUNCTION f(a int) RETURNS int\nBEGIN ATOMIC SELECT CASE a WHEN 1 THEN CASE WHEN true THEN 2 END END; SELECT 1 AS end; SELECT t.case FROM t; END"),
		whole("atomic, empty", "CREATE PROCEDURE p() BEGIN ATOMIC END"),
		whole("no atomic body", "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END"),
		whole("copy to a file", "COPY t TO '/tmp/x' DELIMITER ','"),
		whole("copy from a file", "COPY t (a, b) FROM '/tmp/x' WITH (DELIMITER ',', FORMAT csv)"),
		whole("copy from a table called stdin", "COPY (SELECT * FROM stdin) TO '/tmp/x'"),
		whole("delimiter as a name", "SELECT delimiter FROM t"),
	})
}

func TestSplitMySQL(t *testing.T) {
	runSplit(t, MySQL, []splitCase{
		{"only comments", "# a;\n-- b;\n/* c; */ /*!999999\\- sandbox */", nil},
		{"transactions", "BEGIN; SELECT 1; COMMIT; BEGIN WORK; SELECT 2; COMMIT", []string{"BEGIN", "SELECT 1", "COMMIT", "BEGIN WORK", "SELECT 2", "COMMIT"}},
		{"executable comment", "/*!40101 SET NAMES utf8 */; /*M!100100 SET x=1; */;", []string{"/*!40101 SET NAMES utf8 */", "/*M!100100 SET x=1; */"}},
		{"escapes", `SELECT 'a\';', "b"";\"", 'c''d'; SELECT 2`, []string{`SELECT 'a\';', "b"";\"", 'c''d'`, "SELECT 2"}},
		{"dashes", "SELECT 1--1; SELECT 2 --\n; SELECT 3", []string{"SELECT 1--1", "SELECT 2", "SELECT 3"}},
		{"delimiter ;;", "DELIMITER ;;\nSELECT 1; SELECT 2;;\nDELIMITER ;\nSELECT 3;", []string{"SELECT 1; SELECT 2", "SELECT 3"}},
		{"delimiter //", "delimiter // -- c\r\nCREATE PROCEDURE p() BEGIN SELECT 1; END; //\r\ndelimiter ;\r\nSELECT 2", []string{"CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2"}},
		{"delimiter $$", "DELIMITER $$\nBEGIN NOT ATOMIC SELECT a$b; END$$\nSELECT 1$$ DELIMITER ;\nSELECT 2;", []string{"BEGIN NOT ATOMIC SELECT a$b; END", "SELECT 1", "SELECT 2"}},
		{"delimiter, nothing between", "DELIMITER //\n;//\nDELIMITER ;\n", nil},
		{"delimiter in quotes", "DELIMITER //\nSELECT '//', `//` /* // */ //\n", []string{"SELECT '//', `//`"}},
		{"delimiter without an END", "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1 //", []string{"CREATE PROCEDURE p() BEGIN SELECT 1"}},
		{"names, not keywords", "CREATE TABLE begin (`end` int, begin int); SELECT end FROM begin; DROP TABLE IF EXISTS x; SELECT IF(1,2,3)",
			[]string{"CREATE TABLE begin (`end` int, begin int)", "SELECT end FROM begin", "DROP TABLE IF EXISTS x", "SELECT IF(1,2,3)"}},
		whole("dollar quote", "CREATE FUNCTION f() RETURNS INT LANGUAGE JAVASCRIPT AS $$ let a = 1; return a; $$"),
		whole("delimiter as a name", "SELECT delimiter FROM t"),
	})
}

func TestSplitMySQLBodies(t *testing.T) {
	runSplit(t, MySQL, []splitCase{
		whole("procedure", "CREATE PROCEDURE p(IN a DECIMAL(10,2)) SQL SECURITY DEFINER BEGIN SELECT 1; SELECT 2; END"),
		whole("empty", "CREATE PROCEDURE p() BEGIN END"),
		whole("labels", "CREATE PROCEDURE p() l1: BEGIN l2: LOOP LEAVE l2; END LOOP l2; `l 3`: WHILE 1 DO SET @a=1; END WHILE; END l1"),
		whole("nested", "CREATE PROCEDURE IF NOT EXISTS p() BEGIN BEGIN SELECT 1; END; BEGIN END; END"),
		whole("if", "CREATE PROCEDURE p() IF NOT @a THEN SELECT 1; ELSEIF @b THEN SELECT 2; ELSE IF @c THEN SELECT 3; END IF; END IF"),
		whole("functions called if and repeat", "CREATE PROCEDURE p() BEGIN SET @a = IF(1,2,3); SELECT REPEAT('a',2), CASE WHEN 1 THEN IF(1,2,3) ELSE REPEAT('b',2) END; END"),
		whole("case", "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT CASE b WHEN 2 THEN 3 END; ELSE BEGIN END; END CASE; SELECT 1; END"),
		whole("repeat", "CREATE PROCEDURE p() REPEAT SET @a = @a + 1; UNTIL @a > 5 END REPEAT"),
		whole("for", "CREATE PROCEDURE p() FOR i IN 1..3 DO SELECT i; DO SLEEP(1); END FOR"),
		whole("handlers", "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION, NOT FOUND, SQLSTATE '23000' BEGIN ROLLBACK; END; DECLARE CONTINUE HANDLER FOR 1062 SET @a = IF(1,2,3); SELECT 1; END"),
		whole("cursor for", "CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT a FROM t FOR UPDATE; OPEN c; CLOSE c; END"),
		whole("names inside", "CREATE PROCEDURE p() BEGIN SELECT end, t.end, begin FROM t AS end; DROP TABLE IF EXISTS begin; SELECT 1 end; END"),
		whole("function", "CREATE FUNCTION f(a INT) RETURNS VARCHAR(9) CHARSET utf8mb4 DETERMINISTIC READS SQL DATA COMMENT 'x; y' BEGIN RETURN CASE a WHEN 1 THEN 2 END; END"),
		whole("function without a body", "CREATE FUNCTION f() RETURNS INT RETURN IF(1,2,3)"),
		whole("function of a set", "CREATE FUNCTION f() RETURNS SET('a','b') BEGIN RETURN 'a'; END"),
		whole("loadable function", "CREATE AGGREGATE FUNCTION f RETURNS INTEGER SONAME 'f.so'"),
		whole("trigger", "CREATE DEFINER=`a`@`%` TRIGGER t BEFORE UPDATE ON begin FOR EACH ROW FOLLOWS u BEGIN IF NEW.a <> OLD.a THEN SET NEW.b = 1; END IF; END"),
		whole("trigger without a body", "CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW INSERT INTO y VALUES (IF(1,2,3))"),
		whole("event", "CREATE DEFINER=root@localhost EVENT e ON SCHEDULE EVERY 1 DAY STARTS NOW() + INTERVAL 1 HOUR DO BEGIN DELETE FROM t; DO SLEEP(1); END"),
		whole("altered event", "ALTER EVENT e DO BEGIN SELECT 1; END"),
		whole("dumped trigger", "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1; END */"),
		whole("not atomic", "BEGIN NOT ATOMIC IF 1 THEN SELECT 1; END IF; BEGIN NOT ATOMIC SELECT 2; END; END"),
		whole("if on its own", "IF (1>0) THEN BEGIN NOT ATOMIC SELECT 1; END; END IF"),
	})
}

func TestSplitPositions(t *testing.T) {
	src := "\uFEFF-- é\r\n  SELECT 'é',\r\n 1 ;SELECT 2\r; "
	got, err := Split(Postgres, src)
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{"SELECT 'é',\r\n 1", Pos{12, 2, 3}, Pos{28, 3, 3}},
		{"SELECT 2", Pos{30, 3, 5}, Pos{38, 3, 13}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect Dialect
		src     string
		pos     Pos
		msg     string
	}{
		{"meta-command", Postgres, "SELECT 1;\n \\i x.sql\n", Pos{11, 2, 2}, `\i`},
		{"meta-command behind a statement", Postgres, "SELECT 1 \\gset", Pos{9, 1, 10}, `\gset`},
		{"copy", Postgres, "SELECT 1;\nCOPY t (a,b) FROM STDIN WITH (FORMAT csv);\n'\n\\.", Pos{28, 2, 19}, "COPY FROM STDIN"},
		{"copy, commented", Postgres, "copy t from /* x */ stdin;", Pos{20, 1, 21}, "COPY FROM STDIN"},
		{"delimiter", Postgres, "DELIMITER //\nSELECT 1//", Pos{0, 1, 1}, "DELIMITER"},
		{"string", Postgres, "SELECT 1,\n 'a;", Pos{11, 2, 2}, "unterminated string"},
		{"identifier", Postgres, "SELECT \"a", Pos{7, 1, 8}, "unterminated quoted identifier"},
		{"dollar quote", Postgres, "DO $a$ $b$", Pos{3, 1, 4}, "unterminated dollar-quoted string"},
		{"nested comment", Postgres, "/* /* */", Pos{0, 1, 1}, "unterminated block comment"},
		{"parenthesis", Postgres, "SELECT (1; SELECT 2", Pos{7, 1, 8}, "never closed"},
		{"atomic", Postgres, "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;", Pos{20, 1, 21}, "BEGIN ATOMIC"},
		{"client command", MySQL, "SELECT 1\\G", Pos{8, 1, 9}, `\G`},
		{"body", MySQL, "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2;", Pos{21, 1, 22}, "BEGIN without its END"},
		{"repeat", MySQL, "CREATE PROCEDURE p() REPEAT SELECT 1; UNTIL 1;", Pos{21, 1, 22}, "REPEAT without its END"},
		{"not atomic", MySQL, " BEGIN NOT ATOMIC SELECT 1;", Pos{1, 1, 2}, "BEGIN without its END"},
		{"executable comment", MySQL, "SELECT 1 /*!50000 + 1;", Pos{9, 1, 10}, "unterminated executable comment"},
		{"no delimiter", MySQL, "SELECT 1;\nDELIMITER\n", Pos{10, 2, 1}, "DELIMITER takes"},
		{"statement behind a delimiter", MySQL, "DELIMITER // SELECT 1//", Pos{0, 1, 1}, "text behind DELIMITER //"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Split(c.dialect, c.src)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, %v", got, err)
			}
			if syntax.Pos != c.pos || !strings.Contains(syntax.Msg, c.msg) {
				t.Errorf("got %+v", syntax)
			}
		})
	}
}
