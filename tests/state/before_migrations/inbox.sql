BEGIN TRANSACTION;
CREATE TABLE inbox_batches (
	batch_seq INTEGER NOT NULL, 
	inbox TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	files INTEGER NOT NULL, 
	of_this_inbox BOOLEAN NOT NULL, 
	PRIMARY KEY (batch_seq)
);
INSERT INTO "inbox_batches" VALUES(1,'/home/anna/in','in-9e77a5eb6af7',2,1);
CREATE TABLE inbox_files (
	folder_id INTEGER NOT NULL, 
	leaf TEXT NOT NULL, 
	uri TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	modified_us BIGINT, 
	etag TEXT, 
	state TEXT NOT NULL, 
	since DOUBLE NOT NULL, 
	first_seen_at DOUBLE NOT NULL, 
	vanished_at DOUBLE, 
	sha256 TEXT, 
	unreadable_reason TEXT, 
	document_sha256 TEXT, 
	document_version INTEGER, 
	document_modified_us BIGINT, 
	batch_seq BIGINT, 
	PRIMARY KEY (folder_id, leaf)
)
 WITHOUT ROWID

;
INSERT INTO "inbox_files" VALUES(1,'a.png','file:///home/anna/in/a.png',3,1795946960657312,NULL,'batched',1767225630.0,1767225630.0,NULL,'7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',NULL,'7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',1,1795946960657312,1);
INSERT INTO "inbox_files" VALUES(1,'late.png','file:///home/anna/in/late.png',5,1795946961281638,NULL,'waiting',1767225750.0,1767225750.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "inbox_files" VALUES(2,'copy.png','file:///home/anna/in/new/copy.png',3,1795946960657487,NULL,'batched',1767225630.0,1767225630.0,NULL,'3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3',NULL,'3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3',1,1795946960657487,1);
INSERT INTO "inbox_files" VALUES(2,'請求書.png','file:///home/anna/in/new/請求書.png',3,1795946960657437,NULL,'copy',1767225630.0,1767225630.0,NULL,'3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE inbox_folders (
	folder_id INTEGER NOT NULL, 
	inbox TEXT NOT NULL, 
	name TEXT NOT NULL, 
	uri TEXT, 
	modified_ns BIGINT, 
	pass_modified_ns BIGINT, 
	listed_at DOUBLE, 
	listed_to TEXT, 
	vanished BOOLEAN NOT NULL, 
	unreadable_reason TEXT, 
	PRIMARY KEY (folder_id)
);
INSERT INTO "inbox_folders" VALUES(1,'/home/anna/in','','file:///home/anna/in',NULL,NULL,1767225750.0,NULL,0,NULL);
INSERT INTO "inbox_folders" VALUES(2,'/home/anna/in','new/','file:///home/anna/in/new',NULL,NULL,1767225750.0,NULL,0,NULL);
CREATE TABLE inbox_state (
	inbox TEXT NOT NULL, 
	index_id TEXT NOT NULL, 
	copies_in_doubt BOOLEAN NOT NULL, 
	PRIMARY KEY (inbox)
);
INSERT INTO "inbox_state" VALUES('/home/anna/in','afa6ee367611',0);
CREATE UNIQUE INDEX inbox_folders_by_name ON inbox_folders (inbox, name);
CREATE INDEX inbox_folders_by_listing ON inbox_folders (inbox, listed_at);
CREATE INDEX inbox_files_by_state ON inbox_files (state, folder_id, leaf);
CREATE INDEX inbox_files_by_document ON inbox_files (document_sha256);
CREATE UNIQUE INDEX inbox_batches_by_id ON inbox_batches (inbox, batch_id);
COMMIT;
