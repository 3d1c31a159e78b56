// A graph of Relata. With an index on each label it loads faster:
//   Neo4j, FalkorDB: CREATE INDEX FOR (n:`Object`) ON (n.id)
//   Memgraph:        CREATE INDEX ON :`Object`(id)
//   Neo4j, FalkorDB: CREATE INDEX FOR (n:`business`) ON (n.id)
//   Memgraph:        CREATE INDEX ON :`business`(id)
//   Neo4j, FalkorDB: CREATE INDEX FOR (n:`contact`) ON (n.id)
//   Memgraph:        CREATE INDEX ON :`contact`(id)
//   Neo4j, FalkorDB: CREATE INDEX FOR (n:`custom_objects.property`) ON (n.id)
//   Memgraph:        CREATE INDEX ON :`custom_objects.property`(id)
//   Neo4j, FalkorDB: CREATE INDEX FOR (n:`opportunity`) ON (n.id)
//   Memgraph:        CREATE INDEX ON :`opportunity`(id)
UNWIND [
  {id: 'business', label: 'Company', layer: 'object', object: 'business'},
  {id: 'contact', label: 'Contact', layer: 'object', object: 'contact'},
  {id: 'custom_objects.property', label: 'House', layer: 'object', object: 'custom_objects.property'},
  {id: 'opportunity', label: 'Opportunity', layer: 'object', object: 'opportunity'}
] AS row
MERGE (n:`Object` {id: row.id})
SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record;
UNWIND [
  {id: 'business/6ae30b0e1a1d6162d12f9d8a', label: '6ae30b0e1a1d6162d12f9d8a', layer: 'record', object: 'business', record: '6ae30b0e1a1d6162d12f9d8a'}
] AS row
MERGE (n:`business` {id: row.id})
SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record;
UNWIND [
  {id: 'contact/HRXrVABCm740hFWrAhlK', label: 'Lena Fuchs', layer: 'record', object: 'contact', record: 'HRXrVABCm740hFWrAhlK'},
  {id: 'contact/ME0b9Ml5HGXZLzyWiX2s', label: 'Ravi Menon', layer: 'record', object: 'contact', record: 'ME0b9Ml5HGXZLzyWiX2s'},
  {id: 'contact/RoPf2SHcOyev4Nkbz8yW', label: 'Milo Grant', layer: 'record', object: 'contact', record: 'RoPf2SHcOyev4Nkbz8yW'},
  {id: 'contact/TO8RJjq9RDegjbPPMkse', label: 'Amara Okafor', layer: 'record', object: 'contact', record: 'TO8RJjq9RDegjbPPMkse'},
  {id: 'contact/ZcflX4VKCdsjbB86T5gp', label: 'Iris Cole', layer: 'record', object: 'contact', record: 'ZcflX4VKCdsjbB86T5gp'},
  {id: 'contact/sooqnxUYlPgWBNjGjgIm', label: 'Zoë Adler', layer: 'record', object: 'contact', record: 'sooqnxUYlPgWBNjGjgIm'}
] AS row
MERGE (n:`contact` {id: row.id})
SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record;
UNWIND [
  {id: 'custom_objects.property/6adf249e8ce18ef62a90b95f', label: '12 Maple Street', layer: 'record', object: 'custom_objects.property', record: '6adf249e8ce18ef62a90b95f'},
  {id: 'custom_objects.property/6ae1ba421912ab61cec48c50', label: '2 Ridge Road', layer: 'record', object: 'custom_objects.property', record: '6ae1ba421912ab61cec48c50'},
  {id: 'custom_objects.property/6ae1baf605eb743294711da4', label: '17 Valley View', layer: 'record', object: 'custom_objects.property', record: '6ae1baf605eb743294711da4'},
  {id: 'custom_objects.property/6ae1bbaae68a3e306eac3ba9', label: '6 Summit Drive', layer: 'record', object: 'custom_objects.property', record: '6ae1bbaae68a3e306eac3ba9'},
  {id: 'custom_objects.property/6ae1bc5e0aa71569ceb8e671', label: '10 Heather Way', layer: 'record', object: 'custom_objects.property', record: '6ae1bc5e0aa71569ceb8e671'}
] AS row
MERGE (n:`custom_objects.property` {id: row.id})
SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record;
UNWIND [
  {id: 'opportunity/f6i39NTIl4ukEHfbS2fA', label: 'Offer by Lena Fuchs', layer: 'record', object: 'opportunity', record: 'f6i39NTIl4ukEHfbS2fA'}
] AS row
MERGE (n:`opportunity` {id: row.id})
SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record;
UNWIND [
  {source: 'contact', target: 'custom_objects.property', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', at: '2026-10-27T08:04:00.207Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`property_owner` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'contact', target: 'custom_objects.property', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', at: '2026-10-27T08:05:00.604Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`listing_agent` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'contact', target: 'custom_objects.property', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', at: '2026-10-27T08:03:00.490Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`buyer_property_interest` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'business', target: 'contact', label: 'Employee', association: 'BUSINESSES_CONTACTS_ASSOCIATION', associationKey: 'BUSINESSES_CONTACTS_ASSOCIATION', associationType: 'SYSTEM_DEFINED', firstLabel: 'Employer', secondLabel: 'Employee', at: '2026-10-27T08:08:00.759Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`BUSINESSES_CONTACTS_ASSOCIATION` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'opportunity', target: 'contact', label: 'Primary Contact', association: 'OPPORTUNITIES_CONTACTS_ASSOCIATION', associationKey: 'OPPORTUNITIES_CONTACTS_ASSOCIATION', associationType: 'SYSTEM_DEFINED', firstLabel: 'Opportunity', secondLabel: 'Primary Contact', at: '2026-10-27T08:07:00.575Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`OPPORTUNITIES_CONTACTS_ASSOCIATION` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'contact', target: 'contact', label: 'Referred Client', association: 'd9c02eef1b23fa7d598f5782', associationKey: 'client_referral', associationType: 'USER_DEFINED', firstLabel: 'Referred By', secondLabel: 'Referred Client', at: '2026-10-27T08:06:00.367Z'}
] AS row
MATCH (a:`Object` {id: row.source}), (b:`Object` {id: row.target})
MERGE (a)-[r:`client_referral` {association: row.association}]->(b)
SET r.label = row.label, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.relation = row.relation, r.at = row.at;
UNWIND [
  {source: 'contact/sooqnxUYlPgWBNjGjgIm', target: 'custom_objects.property/6ae1bc5e0aa71569ceb8e671', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', relation: '2844d34e09b140a7d9c583c4', at: '2026-10-28T10:04:00.999Z'},
  {source: 'contact/sooqnxUYlPgWBNjGjgIm', target: 'custom_objects.property/6adf249e8ce18ef62a90b95f', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', relation: '6389a137f394f30d9fc75cbf', at: '2026-10-28T10:00:00.964Z'},
  {source: 'contact/RoPf2SHcOyev4Nkbz8yW', target: 'custom_objects.property/6ae1ba421912ab61cec48c50', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', relation: 'b58d35bc6b02c98f44ff92bb', at: '2026-10-28T10:01:00.322Z'},
  {source: 'contact/RoPf2SHcOyev4Nkbz8yW', target: 'custom_objects.property/6ae1bbaae68a3e306eac3ba9', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', relation: 'dbdfda9b45d00c95c6287423', at: '2026-10-28T10:03:00.985Z'},
  {source: 'contact/sooqnxUYlPgWBNjGjgIm', target: 'custom_objects.property/6ae1baf605eb743294711da4', label: 'Owned Property', association: '176917ddedd35785e3e56d0e', associationKey: 'property_owner', associationType: 'USER_DEFINED', firstLabel: 'Owner', secondLabel: 'Owned Property', relation: 'ef4e09eadcd71f316298c80e', at: '2026-10-28T10:02:00.578Z'}
] AS row
MATCH (a:`contact` {id: row.source}), (b:`custom_objects.property` {id: row.target})
MERGE (a)-[r:`property_owner` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
UNWIND [
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'custom_objects.property/6ae1bc5e0aa71569ceb8e671', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', relation: '30aa4b2c0fbf54032826baed', at: '2026-10-28T09:34:00.528Z'},
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'custom_objects.property/6ae1bbaae68a3e306eac3ba9', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', relation: '5a8bfb1a105dbf0d295f53b2', at: '2026-10-28T09:33:00.297Z'},
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'custom_objects.property/6ae1ba421912ab61cec48c50', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', relation: 'd70fcd1628a4b9121348188b', at: '2026-10-28T09:31:00.293Z'},
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'custom_objects.property/6ae1baf605eb743294711da4', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', relation: 'e030e1749b0b1688d9a9ed86', at: '2026-10-28T09:32:00.342Z'},
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'custom_objects.property/6adf249e8ce18ef62a90b95f', label: 'Listing', association: '2b0a2a3d4bbed9fc22feec09', associationKey: 'listing_agent', associationType: 'USER_DEFINED', firstLabel: 'Listing Agent', secondLabel: 'Listing', relation: 'e44dfa219c2f4a3b8ad42e61', at: '2026-10-28T09:30:00.572Z'}
] AS row
MATCH (a:`contact` {id: row.source}), (b:`custom_objects.property` {id: row.target})
MERGE (a)-[r:`listing_agent` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
UNWIND [
  {source: 'contact/ME0b9Ml5HGXZLzyWiX2s', target: 'custom_objects.property/6ae1ba421912ab61cec48c50', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: '280c3d1c4e2f288a28ae1c6b', at: '2026-11-04T10:05:00.695Z'},
  {source: 'contact/ME0b9Ml5HGXZLzyWiX2s', target: 'custom_objects.property/6ae1baf605eb743294711da4', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: '5da86a34f6193b176045e342', at: '2026-11-03T10:04:00.771Z'},
  {source: 'contact/TO8RJjq9RDegjbPPMkse', target: 'custom_objects.property/6adf249e8ce18ef62a90b95f', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: '6898d86806ce747706a8e001', at: '2026-10-30T10:00:00.163Z'},
  {source: 'contact/TO8RJjq9RDegjbPPMkse', target: 'custom_objects.property/6ae1ba421912ab61cec48c50', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: '96917221e29084bafd7f8a74', at: '2026-10-31T10:01:00.629Z'},
  {source: 'contact/HRXrVABCm740hFWrAhlK', target: 'custom_objects.property/6adf249e8ce18ef62a90b95f', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: 'ab060efadc42401319964675', at: '2026-11-01T10:02:00.572Z'},
  {source: 'contact/HRXrVABCm740hFWrAhlK', target: 'custom_objects.property/6ae1baf605eb743294711da4', label: 'Interested In', association: '3adbd9b32e0817e546f437d4', associationKey: 'buyer_property_interest', associationType: 'USER_DEFINED', firstLabel: 'Interested Buyer', secondLabel: 'Interested In', relation: 'ece5ff9e4ebcdd2df2482669', at: '2026-11-02T10:03:00.633Z'}
] AS row
MATCH (a:`contact` {id: row.source}), (b:`custom_objects.property` {id: row.target})
MERGE (a)-[r:`buyer_property_interest` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
UNWIND [
  {source: 'business/6ae30b0e1a1d6162d12f9d8a', target: 'contact/ZcflX4VKCdsjbB86T5gp', label: 'Employee', association: 'BUSINESSES_CONTACTS_ASSOCIATION', associationKey: 'BUSINESSES_CONTACTS_ASSOCIATION', associationType: 'SYSTEM_DEFINED', firstLabel: 'Employer', secondLabel: 'Employee', relation: '53e477dfe86c7cc4240daa59', at: '2026-10-29T09:00:00.160Z'}
] AS row
MATCH (a:`business` {id: row.source}), (b:`contact` {id: row.target})
MERGE (a)-[r:`BUSINESSES_CONTACTS_ASSOCIATION` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
UNWIND [
  {source: 'opportunity/f6i39NTIl4ukEHfbS2fA', target: 'contact/HRXrVABCm740hFWrAhlK', label: 'Primary Contact', association: 'OPPORTUNITIES_CONTACTS_ASSOCIATION', associationKey: 'OPPORTUNITIES_CONTACTS_ASSOCIATION', associationType: 'SYSTEM_DEFINED', firstLabel: 'Opportunity', secondLabel: 'Primary Contact', relation: '634d57b5bb7bff9fb6a94933', at: '2026-11-07T10:00:00.616Z'}
] AS row
MATCH (a:`opportunity` {id: row.source}), (b:`contact` {id: row.target})
MERGE (a)-[r:`OPPORTUNITIES_CONTACTS_ASSOCIATION` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
UNWIND [
  {source: 'contact/ZcflX4VKCdsjbB86T5gp', target: 'contact/HRXrVABCm740hFWrAhlK', label: 'Referred Client', association: 'd9c02eef1b23fa7d598f5782', associationKey: 'client_referral', associationType: 'USER_DEFINED', firstLabel: 'Referred By', secondLabel: 'Referred Client', relation: '8d8512fff96d02b3417739e0', at: '2026-11-01T11:00:00.797Z'}
] AS row
MATCH (a:`contact` {id: row.source}), (b:`contact` {id: row.target})
MERGE (a)-[r:`client_referral` {relation: row.relation}]->(b)
SET r.label = row.label, r.association = row.association, r.associationKey = row.associationKey, r.associationType = row.associationType, r.firstLabel = row.firstLabel, r.secondLabel = row.secondLabel, r.at = row.at;
