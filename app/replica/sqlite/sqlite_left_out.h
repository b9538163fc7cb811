/*
** What SQLite's grammar needs all the same, but Koumen never says to it in the browser: see .cargo/config.toml and
** docs/adr/0010. SQLite reads this file first (SQLITE_CUSTOM_INCLUDE).
**
** A statement that is left out fails with the error "left out", like any other statement that SQLite cannot run.
*/
#include <time.h>

typedef struct sqlite3 sqlite3;
typedef struct Expr Expr;
typedef struct ExprList ExprList;
typedef struct Pager Pager;
typedef struct Parse Parse;
typedef struct Select Select;
typedef struct Token Token;

const char *sqlite3_db_name(sqlite3*, int);
int sqlite3_stricmp(const char*, const char*);
static void sqlite3ErrorMsg(Parse*, const char*, ...);

#define SQLITE_OMIT_ANALYZE
static void sqlite3Analyze(Parse *parse, Token *name, Token *rest){
  sqlite3ErrorMsg(parse, "left out");
}

#define SQLITE_OMIT_ATTACH
static void sqlite3Attach(Parse *parse, Expr *file, Expr *name, Expr *key){
  sqlite3ErrorMsg(parse, "left out");
}
static void sqlite3Detach(Parse *parse, Expr *name){
  sqlite3ErrorMsg(parse, "left out");
}
static int sqlite3DbIsNamed(sqlite3 *db, int number, const char *name){
  return sqlite3_stricmp(sqlite3_db_name(db, number), name)==0;
}

/* CURRENT_TIMESTAMP and its like are NULL; SQLite would take them from the C library, which is not there. */
#define SQLITE_OMIT_DATETIME_FUNCS
#define gmtime(time) 0

#define SQLITE_OMIT_REINDEX
static void sqlite3Reindex(Parse *parse, Token *name, Token *rest){
  sqlite3ErrorMsg(parse, "left out");
}

#define SQLITE_OMIT_VACUUM
static void sqlite3Vacuum(Parse *parse, Token *name, Expr *into){
  sqlite3ErrorMsg(parse, "left out");
}
/* Only SQLITE_FCNTL_RESET_CACHE still asks for this, and nobody asks for that. */
static void sqlite3PagerClearCache(Pager *pager){}

#define SQLITE_OMIT_VIEW
static void sqlite3CreateView(Parse *parse, Token *begin, Token *name, Token *rest, ExprList *columns, Select *select,
                              int isTemporary, int ifNotExists){
  sqlite3ErrorMsg(parse, "left out");
}
